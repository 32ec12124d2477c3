/** A message a frame. Channels come and go without a new connection. */
export const websocket = {
  _name: "websocket",
  _isAvailable: () => typeof WebSocket === "function",

  _open(request, sink) {
    const socket = new WebSocket(request._url("websocket").replace(/^http/, "ws"), "halley.v1");
    const send = (message) => {
      // Before that its URL says it all, and the connection is opened anew.
      if (socket.readyState !== 1) return false;
      socket.send(JSON.stringify(message));
      return true;
    };
    socket.onmessage = ({ data }) => sink._text(data);
    // 1008: something that this side did, or asked for, is against the rules (RFC 6455, section 7.4.1).
    socket.onclose = ({ code, reason }) => sink._ended({ _complaint: code === 1008 && reason });
    // Where a page's policy forbids it nothing else is said.
    socket.onerror = () => sink._ended({});
    return {
      _close: () => socket.close(),
      _subscribe: (channels) => send({ subscribe: channels }),
      _unsubscribe: (channels) => send({ unsubscribe: channels }),
    };
  },
};
