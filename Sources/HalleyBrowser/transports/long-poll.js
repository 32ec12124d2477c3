import { refused } from "../client/lines.js";
import { poll } from "../client/poll.js";

/** A request that is answered when there is something to say; then the next. Anything that lets HTTP through lets this through. */
export const longPoll = {
  _name: "long-poll",
  _isPoll: true,
  _isAvailable: () => typeof fetch === "function",

  _open(request, sink) {
    const abort = typeof AbortController === "function" ? new AbortController() : {};
    return poll(request, sink, "long-poll", {}, {
      async _ask(url) {
        const answer = await fetch(url, { signal: abort.signal, cache: "no-store" });
        if (!answer.ok) throw await refused(answer);
        return answer.json();
      },
      _stop: () => abort.abort && abort.abort(),
    });
  },
};
