/**
 * Where a client stands. A position says that everything up to it has been delivered:
 *
 *     1795359771922-57 . aB3xYz ~ 0123456789abcdef . 4711
 *     └─ id ─────────┘   └ era ┘   └ incarnation ─┘   └ n ┘   the part behind ~ counts one worker's live events
 *
 * The server reads it; here it is read for one purpose: an event that comes again is known again.
 */
const FORM = /^(\d+)-(\d+)\.([^~,]+)(?:~([^.,]+)\.(\d+))?$/;

const read = (text) => {
  const [, milliseconds, counter, era, incarnation, count] = FORM.exec(text) || [];
  return era && { _ms: +milliseconds, _n: +counter, _era: era, _incarnation: incarnation, _count: +count };
};

export class Place {
  constructor(position) {
    this._own = new Map();   // of channels that were added and haven't joined the others: channel -> [text, read]
    this._move(position || "");
  }

  _move(position, channel) {
    const place = [position, read(position)];
    if (channel) this._own.set(channel, place);
    else [this._text, this._at] = place;
  }

  /** The channels are like the others from here on. */
  _join(channels) {
    for (const channel of channels) this._own.delete(channel);
  }

  /**
   * Whether the event has been here before. One that says no position, or none that can be read, is new. What a channel
   * that was added brings of its past is older than where the others stand, and says so by `own`.
   */
  _knows({ id, channel, position, own }) {
    const at = read(position || own || "");
    const here = [(this._own.get(channel) || [])[1], position && this._at];
    return !!at && here.some((place) => place && isPast(id, at, place));
  }
}

function isPast(id, at, here) {
  if (!id) return at._incarnation !== undefined && at._incarnation === here._incarnation && at._count <= here._count;
  const [milliseconds, counter] = id.split("-").map(Number);
  return at._era === here._era && (milliseconds - here._ms || counter - here._n) <= 0;
}
