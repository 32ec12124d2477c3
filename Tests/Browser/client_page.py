"""halley.js in a page, and what it did there."""

import itertools
import os

from waiting import eventually

ALL = ["websocket", "sse", "stream", "iframe", "multipart", "long-poll", "jsonp"]

# Whole lengths of what takes long (a sleep of a minute, 100,000 events); without it they are shorter, and the same.
FULL = os.environ.get("HALLEY_FULL") == "1"

# Data by its JSON: what a page has, not what a driver makes of it on the way.
OPEN = """async ([name, module, url, options]) => {
    const { Halley } = await import(module);
    const started = performance.now();
    const seen = {events: [], gaps: [], states: [], errors: [], count: 0, settled: null};
    const halley = new Halley(url, options);
    window[name] = {halley, seen};
    const text = (data) => data instanceof Uint8Array
        ? 'bytes ' + [...data].map((byte) => byte.toString(16).padStart(2, '0')).join('') : JSON.stringify(data);
    halley.on('event', (event) => { seen.count++; if (!window.isForgetful) seen.events.push([event.channel, text(event.data)]); });
    halley.on('gap', (gap) => seen.gaps.push(gap));
    halley.on('state', (state) => {
        seen.states.push([state, halley.transport, performance.now() - started]);
        if (seen.states.length > 1000) seen.states.shift();
    });
    halley.on('error', (error) => seen.errors.push([error.status, error.message]));
}"""

_numbers = itertools.count(1)


class Client:
    """One `Halley` in a page."""

    def __init__(self, page, url, channels, module=None, **options):
        self.page, self.name = page, f"client{next(_numbers)}"
        page.evaluate(OPEN, [self.name, (module or url) + "/halley.js", url, {"channels": channels, **options}])

    def ask(self, expression, argument=None):
        """Of `halley` and `seen`."""
        return self.page.evaluate(
            f"(argument) => {{ const {{halley, seen}} = window.{self.name}; return {expression}; }}", argument)

    @property
    def state(self):
        return self.ask("halley.state")

    @property
    def transport(self):
        return self.ask("halley.transport")

    @property
    def count(self):
        return self.ask("seen.count")

    @property
    def events(self):
        """(channel, JSON of the data) in the order in which they came."""
        return [tuple(event) for event in self.ask("seen.events")]

    def data(self, channel):
        return [data for on, data in self.events if on == channel]

    def wait_open(self, transport=None, within=10.0):
        def is_open():
            assert self.page.errors == []
            return self.state == "open" and transport in (None, self.transport)

        try:
            eventually(is_open, within)
        except AssertionError as error:
            raise AssertionError(f"not open by {transport}: {self.ask('[seen.states, seen.errors]')}") from error
        return self

    def wait_count(self, count, within=15.0):
        eventually(lambda: self.count >= count, within, f"{count} events; {self.name}")
        return self

    def close(self):
        self.ask("halley.close()")


def publish_durable(redis, channel, payloads):
    """All of them, in one go."""
    redis.pipeline([
        ("FCALL", "halley_publish", 1, f"halley:{channel}", payload, "history", 100_000) for payload in payloads])
