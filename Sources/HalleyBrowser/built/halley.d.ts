/** What a transport is called, in the client as on the server. */
export type Transport = "websocket" | "sse" | "stream" | "iframe" | "multipart" | "long-poll" | "jsonp";

export type State =
  /** No channel is wanted. */
  | "idle"
  /** Asks for a session, or tries a transport. */
  | "connecting"
  /** Events come as they are published. */
  | "open"
  /** Failed, and will try again: after a while, with the network, or when the page is seen again. */
  | "waiting"
  /** By `close()`. */
  | "closed";

export interface Options {
  /** Channels to begin with; more by `subscribe()`. */
  channels?: Iterable<string>;
  /** What the session is asked for with, as `Authorization: Bearer`. A function is asked for each session. */
  token?: string | (() => string | Promise<string>);
  /** `false`: no session, but `/events` of the very URL, as with a worker by itself. */
  session?: boolean;
  /** Where to begin: another client's `position`. */
  position?: string;
  /** Which may be used, in the order in which they are tried. All but `multipart`, unless said otherwise. */
  transports?: readonly Transport[];
  /** The server's `--heartbeat-ms`: after one and a half of it, and 2 s, without a word a stream counts as dead, give or take a third of it. 15000 ms. */
  heartbeat?: number;
  /** The server's `--poll-ms`: after one and a half of it, and 2 s, without an answer a poll counts as dead, give or take as much. 25000 ms. */
  poll?: number;
  /** In how many ms a transport's first word has to come, else the next is tried. 2000 ms. */
  patience?: number;
  /** Bounds of the first and of the longest wait after failures, in ms. 500 and 30000. */
  backoff?: { least?: number; most?: number };
}

export interface Event<Data = unknown> {
  /** Of a durable event. */
  readonly id?: string;
  readonly channel: string;
  /** Everything up to it is delivered. */
  readonly position?: string;
  /** A payload that is JSON, at most 128 levels deep, parsed; another text, as it is; bytes that are no text, as `Uint8Array`. */
  readonly data: Data;
}

/** Durable events of the channel after `from`, up to `to`, can't be had any more. */
export interface Gap {
  readonly channel: string;
  readonly from: string;
  readonly to: string;
}

export interface HalleyError extends Error {
  /** Of HTTP, where there was one. */
  readonly status?: number;
}

/** Events of some channels, as they are published, over what works here, for as long as it isn't closed. */
export class Halley {
  /** @param url the apex, `https://push.example.com` */
  constructor(url: string | URL, options?: Options);

  readonly state: State;
  /** While it is open. */
  readonly transport?: Transport;
  /** Its session's hostname, and port: `s17-c.push.example.com`. */
  readonly host?: string;
  /** Everything up to it is delivered. */
  readonly position?: string;
  readonly channels: string[];

  /**
   * Several listeners may share a channel. One that is new to a connection which stands begins there, or where the client
   * stands, a few seconds earlier. With no channel left the client stands nowhere: the next begins with what comes then.
   * @returns takes the listener back, and leaves the channel with its last one
   */
  subscribe<Data = unknown>(channel: string, listener?: (data: Data, event: Event<Data>) => void): () => void;
  /** Leaves a channel, with all its listeners. */
  unsubscribe(channel: string): void;

  /** Each event, whatever its channel. */
  on(kind: "event", listener: (event: Event) => void): () => void;
  on(kind: "gap", listener: (gap: Gap) => void): () => void;
  on(kind: "state", listener: (state: State) => void): () => void;
  /** A refusal. It goes on trying, for a token or a ticket may be a better one next time. */
  on(kind: "error", listener: (error: HalleyError) => void): () => void;

  /** Goes on by these; with none, by all. Nothing is lost or comes twice. */
  use(...transports: Transport[]): void;
  close(): void;
}

export default Halley;
