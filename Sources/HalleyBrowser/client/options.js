/** What `new Halley` is given, read and checked. See halley.d.ts for what each means. */

const DEFAULTS = {
  heartbeat: 15000,   // ms: the server's
  poll: 25000,        // ms: the server's longest poll
  patience: 2000,     // ms: in which a transport's first word has to come
};
const BACKOFF = { least: 500, most: 30000 };   // ms

/** What isn't given, or is `undefined`, is as it comes. @throws TypeError for what can't be */
export function read(options) {
  const backoff = { ...BACKOFF, ...given(options.backoff || {}) };
  const read = { ...DEFAULTS, ...given(options), backoff };
  for (const [name, value] of [...Object.keys(DEFAULTS).map((name) => [name, read[name]]), ...Object.entries(backoff)]) {
    if (!(value > 0 && value < 1e9)) throw new TypeError(`${name}: expected milliseconds, not ${value}`);
  }
  for (const name of ["channels", "transports"]) {
    if (typeof read[name] === "string") throw new TypeError(`${name}: expected a list, ["${read[name]}"]`);
  }
  return read;
}

const given = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value != null));

/** The apex, without what isn't a part of it. @throws TypeError for what is no URL, or has a query */
export function apex(text) {
  const url = new URL(text, globalThis.location && location.href);
  if (url.search || url.hash) throw new TypeError(`"${text}": expected the apex, without a query or a fragment`);
  return url.href.replace(/\/+$/, "");
}
