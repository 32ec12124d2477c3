/**
 * How long to wait before the next try: anything between nothing and a bound that doubles with each failure ("full
 * jitter"), so that the clients of a worker that died don't come back together.
 *
 *     failure       1      2      3      4      5      6      7 …
 *     at most, s  0.5      1      2      4      8     16     30
 */
export class Backoff {
  /** @param least, most bounds of the first and of the last wait, in ms */
  constructor(least, most) {
    this._least = least;
    this._most = most;
    this._reset();
  }

  _reset() {
    this._failures = 0;
  }

  _next() {
    return Math.random() * Math.min(this._most, this._least * 2 ** this._failures++);
  }
}
