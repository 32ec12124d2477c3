import { iframe } from "../transports/iframe.js";
import { jsonp } from "../transports/jsonp.js";
import { longPoll } from "../transports/long-poll.js";
import { multipart } from "../transports/multipart.js";
import { sse } from "../transports/sse.js";
import { stream } from "../transports/stream.js";
import { websocket } from "../transports/websocket.js";
import { Choice } from "./choice.js";
import { Connection } from "./connection.js";
import { apex, read } from "./options.js";
import { Place } from "./place.js";
import { Refusal } from "./session.js";

/** In the order in which they are tried: what costs least first. `multipart` is there for who asks for it. */
const TRANSPORTS = [websocket, sse, stream, iframe, longPoll, jsonp];
const ALL = [...TRANSPORTS, multipart];

const KINDS = ["event", "gap", "state", "error"];
const MOST_CHANNELS = 64;

/** What the server allows; `open` and `error` are an EventSource's own. */
const isChannel = (name) => /^[\w.:/@#-]{1,255}$/.test(name) && name !== "open" && name !== "error";

/**
 * Events of some channels, as they are published. See halley.d.ts for all of it.
 *
 *     const halley = new Halley("https://push.example.com");
 *     halley.subscribe("news", (data, event) => console.log(data));
 */
export class Halley {
  constructor(url, options = {}) {
    this._url = apex(url);
    this._options = read(options);
    this._place = new Place(this._options.position);
    this._listeners = new Map(KINDS.map((kind) => [kind, new Set()]));
    this._channels = new Map();   // channel -> its listeners
    this._there = new Set();      // channels that the connection was told of
    for (const channel of this._options.channels || []) this._add(channel);
    this._connection = new Connection(this, this._choice(this._options.transports));
    this._later();
  }

  /** "idle", "connecting", "open", "waiting" or "closed". */
  get state() {
    return this._connection._state;
  }

  /** The name of the transport, while it is open. */
  get transport() {
    return this._connection._name;
  }

  /** Of its session: who serves it is told by that name. */
  get host() {
    return this._connection._host;
  }

  /** Where it stands: another client can begin there. */
  get position() {
    return this._place._text || undefined;
  }

  get channels() {
    return this._wanted();
  }

  /** @returns a function that takes the listener back, and leaves the channel with its last one */
  subscribe(channel, listener) {
    const listeners = this._add(channel);
    const seat = { _listener: listener };   // one function may listen twice
    if (listener) listeners.add(seat);
    this._later();
    return () => {
      if (listeners.delete(seat) && !listeners.size && this._channels.get(channel) === listeners) {
        this.unsubscribe(channel);
      }
    };
  }

  unsubscribe(channel) {
    this._channels.delete(channel);
    this._later();
  }

  /** @returns a function that takes the listener back */
  on(kind, listener) {
    const listeners = this._listeners.get(kind);
    if (!listeners) throw new TypeError(`"${kind}": expected one of ${KINDS.join(", ")}; channels by subscribe()`);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Goes on by these transports, of which the first that works is taken; with nothing, by all. */
  use(...transports) {
    this._connection._choose(this._choice(transports.length ? transports : undefined));
  }

  close() {
    this._connection._close();
  }

  // For the connection.

  _wanted() {
    return [...this._channels.keys()];
  }

  /** One message of the server's. Whatever it is, a `position` in it is where the client stands afterwards. */
  _take(message) {
    const { channel, position, own, gap, subscribed, joined, error } = message;
    const place = this._place;
    if (channel !== undefined) {
      if (place._knows(message)) return;
      if (own) place._move(own, channel);
      if (position) place._move(position);
      return this._event(message);
    }
    if (subscribed && own) for (const name of subscribed.channels) place._move(own, name);
    if (joined) place._join(joined);
    if (position) place._move(position);
    if (gap) this._tell("gap", gap);
    if (error) this._tell("error", new Refusal(error));
  }

  _event({ id, channel, position, data, encoding }) {
    const listeners = this._channels.get(channel);
    if (!listeners) return;
    const value = encoding === "base64" ? bytes(data) : data;
    const event = { id, channel, position, data: value };
    for (const { _listener } of [...listeners]) call(_listener, value, event);
    this._tell("event", event);
  }

  _tell(kind, what) {
    for (const listener of [...this._listeners.get(kind)]) call(listener, what);
  }

  // For itself.

  _choice(names = TRANSPORTS.map((transport) => transport._name)) {
    const chosen = names.map((name) => {
      const transport = ALL.find(({ _name }) => _name === name);
      if (!transport) throw new TypeError(`"${name}": expected one of ${ALL.map(({ _name }) => _name).join(", ")}`);
      return transport;
    });
    const available = chosen.filter((transport) => transport._isAvailable());
    if (!available.length) throw new Error("none of these transports is available here: " + names);
    return new Choice(this._url + " " + names, available);
  }

  _add(channel) {
    if (!isChannel(channel)) throw new TypeError(`"${channel}" is no channel: 1 to 255 of A-Z a-z 0-9 . _ - : / @ #`);
    const listeners = this._channels.get(channel) || new Set();
    this._channels.set(channel, listeners);
    if (this._channels.size > MOST_CHANNELS) {
      this._channels.delete(channel);
      throw new RangeError(`one connection may have ${MOST_CHANNELS} channels`);
    }
    return listeners;
  }

  /** All that is asked for in one go goes together. */
  _later() {
    if (this._isDue) return;
    this._isDue = true;
    Promise.resolve().then(() => {
      this._isDue = false;
      const added = this._wanted().filter((channel) => !this._there.has(channel));
      const removed = [...this._there].filter((channel) => !this._channels.has(channel));
      this._there = new Set(this._channels.keys());
      // Who has left them all begins with what comes from then on.
      if (removed.length && !this._channels.size) this._place = new Place();
      if (added.length || removed.length) this._connection._change(added, removed);
    });
  }
}

export default Halley;

/** A listener that fails harms nobody else; the page hears of it as of any error. */
function call(listener, ...what) {
  try {
    listener(...what);
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}

function bytes(base64) {
  const text = atob(base64);
  const output = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) output[index] = text.charCodeAt(index);
  return output;
}
