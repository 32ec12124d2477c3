/** A session: a hostname of one's own, and a ticket that admits for a while. */

const MARGIN = 5000;   // ms: a ticket that ends so soon isn't used any more

/** Why it wasn't given, or a request for events refused. `status` is HTTP's, where one came. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.name = "HalleyError";
    this.status = status;
  }
}

export class Session {
  /** @param url of the events */
  constructor(url, expires) {
    this._url = url;
    this._expires = expires;   // Date.now()'s ms: a clock that goes on while the machine sleeps
  }

  get _isOver() {
    return Date.now() > this._expires - MARGIN;
  }
}

/** Without one: events from the very address. */
export const direct = (apex) => new Session(apex + "/events", Infinity);

/**
 * Asks the apex for one.
 * @param token a text, or a function that gives one, or a promise of one
 * @throws Refusal, or what `token` and `fetch` throw
 */
export async function begin(apex, token, signal) {
  const text = typeof token === "function" ? await granted(token) : token;
  const headers = text ? { Authorization: "Bearer " + text } : {};
  const answer = await fetch(apex + "/session", { method: "POST", headers, signal, cache: "no-store" });
  // A worker by itself gives none.
  if (answer.status === 404 || answer.status === 405) return direct(apex);
  const body = await answer.json().catch((error) => {
    if (error instanceof SyntaxError) return {};
    throw error;   // it stopped in the midst
  });
  if (!answer.ok || !body.url) throw new Refusal(body.error || "no session: " + answer.status, answer.status);
  return new Session(body.url, Date.now() + body.expiresIn * 1000);
}

/** The application's own function may fail as it likes; it is told so by its own words. */
async function granted(token) {
  try {
    return await token();
  } catch (error) {
    throw new Refusal("no token: " + ((error && error.message) || error));
  }
}
