"""Events all the time: live and durable ones on the channels of a soak, and large ones for those that never read."""

from soak_mix import FLOOD

HISTORY = 20  # events that a channel's log keeps: old positions are gaps, and Redis stays small
DURABLE_SHARE = 0.4
SIZES = (20, 100, 400, 1_500)  # bytes of a payload
FLOOD_RATE = 5.0  # large events a second
FLOOD_SIZE = 49_152  # bytes
EVERY = 0.1  # seconds between two batches


class SoakLoad:
    """`rate`: events a second."""

    def __init__(self, redis, rng, channels, rate):
        self._redis, self._rng, self._channels, self._rate = redis, rng, channels, rate
        self._floods = 0
        self._payloads = ["x" * size for size in SIZES]
        self.published = 0

    def begin(self, now):
        self._began = self._asked = now

    def fill(self):
        """Fills every log: else readings of them would become longer all through the run."""
        for number in range(self._channels):
            self._redis.pipeline([self._durable(f"halley:soak.{number}") for _ in range(HISTORY)])

    def keep_up(self, now):
        """Publishes what is due by now; later than `EVERY` at most."""
        if now - self._asked < EVERY:
            return
        self._asked = now
        count = int((now - self._began) * self._rate) - self.published
        commands = [self._event() for _ in range(min(count, int(self._rate)))]
        self.published += count
        while self._floods < (now - self._began) * FLOOD_RATE:
            self._floods += 1
            commands.append(("PUBLISH", f"halley:{FLOOD}", "f" * FLOOD_SIZE))
        if commands:
            self._redis.pipeline(commands)

    def _event(self):
        channel = f"halley:soak.{int(self._channels * self._rng.random() ** 2)}"
        if self._rng.random() < DURABLE_SHARE:
            return self._durable(channel)
        return "PUBLISH", channel, self._rng.choice(self._payloads)

    def _durable(self, channel):
        return "FCALL", "halley_publish", 1, channel, self._rng.choice(self._payloads), "history", HISTORY
