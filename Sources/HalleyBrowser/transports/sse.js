/**
 * Server-sent events by `EventSource`. It would come back by itself; here the connection does that, for all transports in
 * one way. Nothing but `onmessage` shows a page that it is alive: with these parameters heartbeats are messages too.
 */
export const sse = {
  _name: "sse",
  _isStream: true,
  _isAvailable: () => typeof EventSource === "function",

  _open(request, sink) {
    const source = new EventSource(request._url("sse", { format: "json", event: "message" }));
    source.onmessage = ({ data }) => sink._text(data);
    source.addEventListener("~gap", ({ data, lastEventId }) =>
      sink._message({ gap: JSON.parse(data), position: lastEventId }));
    source.onerror = () => {
      source.close();
      sink._ended({});
    };
    return { _close: () => source.close() };
  },
};
