/**
 * Does something on the way hold streams back until they end? `GET /probe` says two words, a second apart. Both together:
 * yes.
 */
const APART = 1000;   // ms

/** @returns a promise of `true` (held back), `false` (not), or `undefined` when it can't be told */
export async function isBuffered(events, signal) {
  try {
    const url = new URL("/probe?delay=" + APART, events);
    const answer = await fetch(url, { signal, cache: "no-store" });
    if (!answer.ok) return undefined;
    const reader = answer.body.getReader();
    const times = [];
    for (;;) {
      const { done } = await reader.read();
      if (done) break;
      times.push(Date.now());
    }
    return times[times.length - 1] - times[0] < APART / 2;
  } catch {
    return undefined;
  }
}
