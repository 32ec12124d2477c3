/**
 * One poll behind the other, each from where the last one ended.
 *
 * The first is answered within a second or two: its answer proves that polls come through, and brings a position, from which
 * on nothing is missed that happens between two.
 *
 * @param more parameters of all the others
 * @param how `_ask(url)`: a promise of an answer, rejected with what `sink._ended` takes; `_stop()`: breaks it off
 */
export function poll(request, sink, name, more, { _ask, _stop }) {
  let isOpen = true;
  (async () => {
    let parameters = { seconds: 1 };
    while (isOpen) {
      const answer = await _ask(request._url(name, parameters));
      if (!isOpen) return;
      for (const message of answer.events) sink._message(message);
      sink._message({ position: answer.position });
      parameters = more;
    }
  })().catch((reason) => {
    if (isOpen) sink._ended(reason instanceof Error ? { _error: reason } : reason);
  });
  return {
    _close() {
      isOpen = false;
      _stop();
    },
  };
}
