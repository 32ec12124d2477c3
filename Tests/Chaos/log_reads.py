"""How often Redis read which channel's log: its slow log, told to hold every command, names each call of `halley_read`
with its key. Far cheaper than MONITOR, which tells everything to everybody who listens."""

from collections import Counter

READ = b"halley_read"
MOST = 4_000_000  # commands kept


class LogReads:
    """`redis` is a `resp.Redis`."""

    def __init__(self, redis, name="halley"):
        self._redis = redis
        self._prefix = f"{name}/log/"
        redis("CONFIG", "SET", "slowlog-log-slower-than", "0")
        redis("CONFIG", "SET", "slowlog-max-len", str(MOST))
        self.begin()

    def begin(self):
        """Counts from here on."""
        self._redis("SLOWLOG", "RESET")

    def counted(self):
        """channel -> how often its log was read since `begin`."""
        return reads_in(self._redis("SLOWLOG", "GET", "-1"), self._prefix)


def reads_in(entries, prefix):
    """From SLOWLOG's entries: [number, when, microseconds, arguments, client, name]."""
    counts = Counter()
    for entry in entries:
        arguments = entry[3]
        if len(arguments) > 3 and arguments[0].upper() == b"FCALL" and arguments[1] == READ:
            counts[arguments[3].decode().removeprefix(prefix)] += 1
    return counts
