/**
 * A forever frame: a hidden document that never ends, each message a script that posts it here. The server ends it after a
 * megabyte, since a document only grows; then another follows.
 */
export const iframe = {
  _name: "iframe",
  _isStream: true,
  _isOfDocument: true,
  _isAvailable: () => typeof document === "object" && typeof postMessage === "function",

  _open(request, sink) {
    const url = request._url("iframe", { origin: location.origin });
    const server = new URL(url).origin;
    const frame = document.createElement("iframe");
    let hasSpoken = false;
    const receive = ({ source, origin, data }) => {
      // Any window may post here.
      if (source !== frame.contentWindow || origin !== server) return;
      hasSpoken = true;
      sink._message(data);
    };
    const close = () => {
      removeEventListener("message", receive);
      frame.remove();
    };
    // Not before everything is there: it has ended, or was no frame of events at all. When its connection breaks, Chromium
    // tells nobody: the document is loading for ever, and only the silence is heard.
    frame.onload = () => sink._ended({ _isWhole: hasSpoken });
    frame.hidden = true;
    frame.src = url;
    addEventListener("message", receive);
    document.documentElement.appendChild(frame);
    return { _close: close };
  },
};
