/** JSON messages of a streamed body, one a line. Lines that hold none (empty ones, the frame of a multipart) are passed over. */
export class Lines {
  /** @param sink where messages go */
  constructor(sink) {
    this._sink = sink;
    this._rest = "";
  }

  _take(text) {
    this._sink._alive();
    const lines = text.split("\n");
    lines[0] = this._rest + lines[0];
    this._rest = lines.pop();
    for (const line of lines) {
      if (line[0] === "{") this._sink._text(line);
    }
  }
}

/** Reads an answer by `fetch`. It ends when all is read; `close` breaks it off. */
export function follow(url, sink) {
  const abort = new AbortController();
  const lines = new Lines(sink);
  (async () => {
    const answer = await fetch(url, { signal: abort.signal, cache: "no-store" });
    if (!answer.ok) return sink._ended(await refused(answer));
    // A page, where events were asked for: somebody on the way wants to be paid, or agreed with.
    if (/html/.test(answer.headers.get("Content-Type"))) return sink._ended({});
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return sink._ended({ _isWhole: true });
      lines._take(decoder.decode(value, { stream: true }));
    }
  })().catch((error) => sink._ended({ _error: error }));
  return { _close: () => abort.abort() };
}

/** What an answer that is no success says. */
export async function refused(answer) {
  const { error } = await answer.json().catch(() => ({}));
  return { _status: answer.status, _text: error };
}

export const readsStreams = () => typeof ReadableStream === "function" && typeof AbortController === "function";
