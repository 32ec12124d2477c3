/**
 * Which transport: the first of the list that hasn't failed here of late. What worked is remembered for the next page, for
 * a while: networks change, and so do the proxies in them.
 */
const HOLDS = 3600_000;   // ms: for how long a failure counts

export class Choice {
  /** @param key of the memory: what works is a matter of the way to one server */
  constructor(key, transports) {
    this._key = "halley " + key;
    this._transports = transports;
    this._failed = new Map();   // transport -> when it may be tried again, in ms
    this._proven = new Set();
    const { name, until } = remembered(this._key);
    const index = transports.findIndex((transport) => transport._name === name);
    if (index < 0 || !(until > Date.now())) return;
    this._proven.add(transports[index]);
    for (const better of transports.slice(0, index)) this._failed.set(better, until);
  }

  get _current() {
    const now = Date.now();
    return this._transports.find((transport) => !(this._failed.get(transport) > now)) || this._transports[0];
  }

  get _streams() {
    return this._transports.filter((transport) => transport._isStream);
  }

  /** Whether it has worked, here or on a page before. */
  _isProven(transport) {
    return this._proven.has(transport);
  }

  _worked(transport) {
    this._proven.add(transport);
    remember(this._key, { name: transport._name, until: Date.now() + HOLDS });
  }

  /**
   * These fail here.
   * @returns whether another is left; if not, all have another chance
   */
  _blame(blamed) {
    for (const transport of blamed) {
      this._failed.set(transport, Date.now() + HOLDS);
      this._proven.delete(transport);
    }
    if (this._transports.some((transport) => !this._failed.has(transport))) return true;
    this._failed.clear();
    return false;
  }
}

// A page may be denied storage, or it may be full: then nothing is remembered.
function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

function remember(key, what) {
  try {
    localStorage.setItem(key, JSON.stringify(what));
  } catch { /* see above */ }
}
