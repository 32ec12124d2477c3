import { Backoff } from "./backoff.js";
import { isBuffered } from "./probe.js";
import { Request } from "./request.js";
import { begin, direct, Refusal } from "./session.js";
import { loaded, watch } from "./wake.js";

/**
 * Keeps one connection: a session, a transport of those that work here, and what to do when it ends.
 *
 *     idle ─▶ connecting ─▶ open ─▶ waiting ─▶ connecting ─▶ …
 *                  └───────────────────▲
 * Every attempt begins where the client stands, so nothing is lost by giving one up; what an attempt says after it was
 * given up isn't heard (`turn`), so nothing comes twice.
 */
const STEADY = 5000;          // ms: what was open so long begins anew with short waits
const TRIES = 3;              // failures in a row until a transport that has worked here is blamed
const PROBE_AFTER = 300;      // ms: a WebSocket that needs longer to open may not be let through
const LATENESS = 2000;        // ms: of a heartbeat, for the server looks once a second, and the way has its own
const FIRST_POLL = 2000;      // ms: how long the server may hold the first poll, which asks for a second
const ROTATION = 300;         // ms: a server that stops ends all its streams: not all at once come back
const BRIEF = 1000;           // ms: what ended so soon, and had brought little, is no rotation but a failure

export class Connection {
  /**
   * @param owner the ``Halley``: `_wanted()` channels, `_place`, `_options`, `_take(message)`, `_tell(kind, …)`
   * @param choice of transports
   */
  constructor(owner, choice) {
    this._owner = owner;
    this._choice = choice;
    this._options = owner._options;
    this._backoff = new Backoff(this._options.backoff.least, this._options.backoff.most);
    this._turn = 0;
    this._failures = 0;
    this._heard = 0;   // when the server was last heard, Date.now()'s ms
    this._state = "idle";
    this._unwatch = watch(this._options.heartbeat / 3, (isNews) => this._wake(isNews));
  }

  get _host() {
    return this._session && new URL(this._session._url).host;
  }

  /** Ends it for good. */
  _close() {
    this._unwatch();
    this._abandon();
    this._become("closed");
  }

  /** Another choice of transports. */
  _choose(choice) {
    this._choice = choice;
    this._probed = undefined;
    this._failures = 0;
    this._open();
  }

  /** The channels have changed: within the connection where the transport can, else by a new one. */
  _change(added, removed) {
    if (this._state === "closed") return;
    if (!this._owner._wanted().length) {
      this._abandon();
      return this._become("idle");
    }
    const { _subscribe, _unsubscribe } = (this._state === "open" && this._handle) || {};
    if (_subscribe && (!added.length || _subscribe(added)) && (!removed.length || _unsubscribe(removed))) return;
    this._open();
  }

  _abandon() {
    this._turn++;
    clearTimeout(this._timer);
    clearTimeout(this._patience);
    clearTimeout(this._probeTimer);
    if (this._abort) this._abort.abort();
    if (this._handle) this._handle._close();
    this._handle = undefined;
  }

  /** @param isRotation whether the last one ended as planned: for the application it never did */
  async _open(isRotation) {
    this._abandon();
    if (this._state === "closed" || !this._owner._wanted().length) return;
    const turn = this._turn;
    if (!isRotation) this._become("connecting");
    const isNewSession = !this._session || this._session._isOver;
    if (isNewSession && !(await this._begin(turn))) return;

    const transport = this._choice._current;
    if (transport._isOfDocument) {
      await loaded(this._options.patience * 5);
      if (turn !== this._turn) return;
    }
    const sink = {
      _isOpen: false,
      _news: 0,
      _alive: () => {
        if (turn !== this._turn) return;
        this._heard = Date.now();
        if (sink._isOpen) return;
        sink._isOpen = true;
        this._opened(transport);
      },
      _message: (message) => {
        if (turn !== this._turn) return;
        sink._alive();
        sink._news++;
        this._owner._take(message);
      },
      _text: (text) => {
        let message;
        try {
          message = JSON.parse(text);
        } catch (error) {
          return sink._ended({ _error: error });
        }
        sink._message(message);
      },
      _ended: (reason) => {
        if (turn === this._turn) this._ended(transport, sink, reason, isNewSession);
      },
    };
    this._sink = sink;
    this._transport = transport;
    this._heard = Date.now();
    // What has worked here may be slow for once; of what hasn't, the first word has to come soon.
    const patience = this._options.patience * (this._choice._isProven(transport) ? 3 : 1) + 3 * (this._roundTrip || 0);
    const wait = transport._isPoll ? FIRST_POLL : 0;
    this._patience = setTimeout(() => sink._ended({ _isLate: true }), patience + wait);
    if (!this._choice._isProven(transport) && !transport._isPoll && this._probed === undefined) {
      this._probeTimer = setTimeout(() => this._probe(), transport._isStream ? 0 : PROBE_AFTER);
    }
    try {
      this._handle = transport._open(new Request(this), sink);
    } catch (error) {
      // A page's policy may forbid it.
      sink._ended({ _error: error });
    }
  }

  /** @returns whether there is a session now, and the attempt still wanted */
  async _begin(turn) {
    const { session, token, patience } = this._options;
    if (session === false) {
      this._session = direct(this._owner._url);
      return true;
    }
    const abort = typeof AbortController === "function" ? new AbortController() : { abort() {} };
    this._abort = abort;
    let late;
    // The application's token may never come either.
    const isLate = new Promise((_, reject) => {
      late = setTimeout(() => {
        reject(new Refusal("neither token nor session came in time"));
        abort.abort();
      }, patience * 5);
    });
    const began = Date.now();
    try {
      const session = await Promise.race([begin(this._owner._url, token, abort.signal), isLate]);
      if (turn !== this._turn) return false;
      this._session = session;
      this._roundTrip = Date.now() - began;
      return true;
    } catch (error) {
      if (turn !== this._turn) return false;
      // The network's failures pass; a refusal may need somebody.
      if (error instanceof Refusal && !(error.status >= 500 && error.status !== 501)) this._owner._tell("error", error);
      this._wait(this._backoff._next());
      return false;
    } finally {
      clearTimeout(late);
    }
  }

  /** Finds out, beside the attempt, whether streams come through; if not, none of them needs to be tried. */
  _probe() {
    this._probed = "asked";
    const choice = this._choice;
    isBuffered(this._session._url).then((isBuffered) => {
      if (choice !== this._choice) return;
      if (isBuffered === false) this._probed = "passing";
      if (!isBuffered || this._sink._isOpen) return;
      // What holds streams back lets no WebSocket through, if it hasn't by now.
      choice._blame([...choice._streams, ...(this._transport._isPoll ? [] : [this._transport])]);
      if (this._state === "connecting" && !this._transport._isPoll) this._open();
    });
  }

  _opened(transport) {
    clearTimeout(this._patience);
    clearTimeout(this._probeTimer);
    this._opening = Date.now();
    this._choice._worked(transport);
    this._become("open", transport);
  }

  _ended(transport, sink, { _status, _text, _complaint, _isWhole, _isLate }, isNewSession) {
    this._abandon();
    if (_complaint) this._owner._tell("error", new Refusal(_complaint));
    if (sink._isOpen) {
      const lasted = Date.now() - this._opening;
      const isRich = sink._news > 10;
      if (lasted > STEADY || isRich) {
        this._backoff._reset();
        this._failures = 0;
      }
      // A stream that the server ends at its bound, and goes on in the next.
      if (_isWhole && (lasted > BRIEF || isRich)) return this._wait(isRich ? 0 : Math.random() * ROTATION, true);
      // What opens and dies young, again and again, is let through in name only.
      if (!_status && (lasted > STEADY || ++this._failures < TRIES)) return this._wait(this._backoff._next());
    }
    if (_status === 401 || _status === 403) {
      this._session = undefined;
      if (!isNewSession) return this._open();
      this._owner._tell("error", new Refusal(_text || "not admitted", _status));
      return this._wait(this._backoff._next());
    }
    // Too many for now, or somebody on the way is out of order.
    const isBusy = _status >= 500 || _status === 429 || _status === 408;
    if (isBusy && ++this._failures % TRIES) return this._wait(this._backoff._next());
    this._suspect(transport, _status && new Refusal(_text || "refused: " + _status, _status), _isLate);
  }

  /** It failed to open, and mostly didn't say why: the way, the ticket, the server or the transport. */
  _suspect(transport, refusal, isLate) {
    this._failures++;
    // Perhaps the ticket isn't good any more: an EventSource and a WebSocket don't say.
    if (this._failures % 2 === 0) this._session = undefined;
    const isOffline = typeof navigator === "object" && navigator.onLine === false;
    if (isOffline || (this._choice._isProven(transport) && this._failures < TRIES)) {
      return this._wait(this._backoff._next());
    }
    this._failures = 0;
    // A stream of which nothing comes, on a way that answers: so it will be with the others.
    const isHeld = isLate && transport._isStream && this._probed !== "passing";
    if (this._choice._blame(isHeld ? this._choice._streams : [transport])) return this._open();
    this._probed = undefined;
    if (refusal) this._owner._tell("error", refusal);
    this._wait(this._backoff._next());
  }

  _wait(delay, isRotation) {
    if (!isRotation) this._become("waiting");
    this._timer = setTimeout(() => this._open(isRotation), delay);
  }

  /**
   * Time has passed, or the page is back.
   * @param isNews whether the network is another one
   */
  _wake(isNews) {
    const { heartbeat, poll } = this._options;
    const silence = Date.now() - this._heard;
    if (this._state === "waiting") {
      if (isNews !== undefined) this._open();
    } else if (this._state === "open") {
      const longest = this._transport._isPoll ? poll : heartbeat;
      // A page that was away looks more closely: its timers stood still, maybe.
      if (isNews || silence > longest * (isNews === false ? 1 : 1.5) + LATENESS) this._open();
    }
  }

  _become(state, transport) {
    const name = transport && transport._name;
    if (this._state === state && this._name === name) return;
    this._state = state;
    this._name = name;
    this._owner._tell("state", state);
  }
}
