/**
 * Tells when it is time to look after a connection: every `interval` ms; when the page is seen again or comes out of the
 * browser's store or a sleep; when there is a network again. Of a machine that slept no browser tells, but its timers go off.
 *
 * @param look told `undefined` as time passes, `false` when the page is back, `true` with a network
 * @returns a function that ends it
 */
export function watch(interval, look) {
  const timer = setInterval(look, interval);
  const here = globalThis;
  const page = typeof document === "object" ? document : undefined;
  const back = () => page && page.visibilityState === "hidden" || look(false);
  const online = () => look(true);
  const events = [[here, "online", online], [here, "pageshow", back]];
  if (page) events.push([page, "visibilitychange", back], [page, "resume", back]);
  for (const [target, name, listener] of events) target.addEventListener(name, listener);
  return () => {
    clearInterval(timer);
    for (const [target, name, listener] of events) target.removeEventListener(name, listener);
  };
}

/**
 * When the page has loaded, but after `most` ms at the latest. A frame or a script that is put in sooner keeps it loading for
 * as long as it does itself, which is for ever.
 */
export const loaded = (most) => new Promise((resolve) => {
  if (document.readyState === "complete") return resolve();
  addEventListener("load", resolve, { once: true });
  setTimeout(resolve, most);
});
