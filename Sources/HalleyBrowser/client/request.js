/** What a transport asks for; read anew for each poll, for the client's place moves and its channels change. */
export class Request {
  constructor(connection) {
    this._connection = connection;
  }

  /** @param parameters of the transport's own, besides */
  _url(transport, parameters) {
    const { _owner, _session } = this._connection;
    const url = new URL(_session._url, globalThis.location && location.href);
    const query = url.searchParams;
    query.delete("channel");
    for (const channel of _owner._wanted()) query.append("channel", channel);
    const position = _owner._place._text;
    const all = { transport, ...(position && { position }), ...parameters };
    for (const name of Object.keys(all)) query.set(name, all[name]);
    return url.href;
  }
}
