"""What a worker holds from moment to moment, by /proc (proc(5)) and by what it says in Redis."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class SoakSampler:
    def __init__(self, worker, redis, began):
        self.samples = []
        self._pid, self._id, self._redis, self._began = worker.pid, worker.id, redis, began

    def take(self, now, phase, held, begun):
        """Adds a sample. `phase`: `quiet`, or `peak` while memory may be higher. `held`, `begun`: sessions."""
        self.samples.append({
            "at": round(now - self._began, 2), "phase": phase, "held": held, "begun": begun, **self._memory(),
            "descriptors": len(os.listdir(f"/proc/{self._pid}/fd")), "cpu": self._cpu(),
            "channels": len(self.channels()), "connections": self.connections()})
        return self.samples[-1]

    def channels(self):
        """Users' channels that the worker is subscribed to."""
        return self._redis("PUBSUB", "CHANNELS", "halley:*")

    def connections(self):
        """Held requests, as the worker said at its last beat; None before the first."""
        count = self._redis("HGET", f"halley/workers/{self._id}", "connections")
        return None if count is None else int(count)

    def _memory(self):
        """In MiB. `anonymous` is `rss` without the program's own pages, which come in as they are first used."""
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{self._pid}/status").read_text().splitlines())
        return {name: round(int(fields[field].split()[0]) / 1_024, 2)
                for name, field in (("rss", "VmRSS"), ("anonymous", "RssAnon"))}

    def _cpu(self):
        """Seconds since the worker's start."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
