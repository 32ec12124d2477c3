import { follow, Lines, readsStreams } from "../client/lines.js";

/** After so many bytes the answer of an XMLHttpRequest ends and another begins: its text only grows. */
const XHR_BYTES = 262144;

/** A JSON message a line, by `fetch`; where a browser can't read streams, by XMLHttpRequest. */
export const stream = {
  _name: "stream",
  _isStream: true,
  _isAvailable: () => readsStreams() || typeof XMLHttpRequest === "function",

  _open(request, sink) {
    return readsStreams() ? follow(request._url("stream"), sink) : listen(request, sink);
  },
};

function listen(request, sink) {
  const xhr = new XMLHttpRequest();
  const lines = new Lines(sink);
  let length = 0;
  const read = () => {
    if (xhr.status !== 200) return;
    const text = xhr.responseText;
    lines._take(text.slice(length));
    length = text.length;
  };
  xhr.open("GET", request._url("stream", { bytes: XHR_BYTES }));
  xhr.onprogress = read;
  xhr.onload = () => {
    read();
    sink._ended(xhr.status === 200 ? { _isWhole: true } : { _status: xhr.status });
  };
  xhr.onerror = () => sink._ended({});
  xhr.send();
  return { _close: () => xhr.abort() };
}
