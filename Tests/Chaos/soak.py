"""cluster/chaos soak: a day of comings and goings squeezed into minutes, and the worker's memory must stay flat.

  Short sessions of every kind connect, subscribe, resume and go, in every way there is, and some hundreds are held at any
  moment. Events are published all the time. Twice, thousands more are held for a while: peaks. One worker is asked
  directly: what is measured is the worker, not the router. Its patience and its rings are as much shorter than usual as
  the day, so that what a day would fill is full after the first tenth of the run.
"""

import argparse
import json
import resource
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from cluster import RedisServer, Worker
from processes import binary
from soak_crowd import MOST_AT_ONCE, SoakCrowd
from soak_load import SoakLoad
from soak_mix import KINDS, Mix
from soak_sampler import SoakSampler
from soak_verdict import Bounds, course, reasons, remains
from tickets import KEY
from waiting import eventually

WORKER = {  # each is minutes or megabytes as Halley comes
    "linger_ms": 2_000, "heartbeat_ms": 2_000, "poll_ms": 1_000, "head_ms": 2_000, "idle_ms": 2_000, "beat_ms": 1_000,
    "ring_events": 50, "ring_bytes": 262_144, "ring_total_bytes": 4_194_304, "max_outbound_bytes": 65_536, "max_kernel_bytes": 16_384,
    "ticket_keys": KEY, "log_level": "warning"}
PEAKS = (0.4, 0.7)  # of the run, when they begin
PEAK_SHARE = 0.04  # of the run: how long one is held
SHORTEST_PEAK = 2.0  # seconds
SETTLING = 3.0  # seconds after a peak: its channels' linger and the worker's wheel
LONGEST_END = 15.0  # seconds until all is let go
TRIMMED = 8.0  # seconds after that: the worker waits for 5 before it gives free memory back


def arguments(words):
    parser = argparse.ArgumentParser("cluster/chaos soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=500_000, help="short sessions in all [500000]")
    parser.add_argument("--minutes", type=float, default=20.0, help="[20]")
    parser.add_argument("--held", type=int, default=300, help="sessions at any moment, about [300]")
    parser.add_argument("--peak", type=int, default=5_000, help="sessions more, twice [5000]")
    parser.add_argument("--channels", type=int, default=2_000, help="[2000]")
    parser.add_argument("--rate", type=float, default=250.0, help="events a second [250]")
    parser.add_argument("--only", choices=KINDS, help="one kind of session alone, to find which one grows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--untimed", action="store_true", help="a slow machine: fewer sessions than asked don't fail")
    parser.add_argument("--keep", action="store_true", help="keeps the logs, too, when it passes")
    parser.add_argument("--json", metavar="FILE", help="writes the result there, all samples with it; - is stdout")
    return parser.parse_args(words)


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.result = {"sessions asked": options.sessions, "minutes": options.minutes, "only": options.only}
        self.length = options.minutes * 60
        self.peak_length = max(SHORTEST_PEAK, PEAK_SHARE * self.length)
        self._redis_server = RedisServer(folder)
        self._worker = Worker(folder, self._redis_server.url, **WORKER)

    def up(self):
        self._redis_server.start()
        self._worker.start()

    def down(self):
        self._worker.kill()
        self._redis_server.kill()

    def play(self):
        redis = self._redis_server.client()
        eventually(lambda: redis("HGET", "halley/workers/worker-1", "connections"), what="the worker's first beat")
        rate = self.options.sessions / self.length
        self._mix = Mix(self.options.seed, self.options.channels, self.options.held / rate, self.options.only)
        self._crowd = SoakCrowd(self._worker.address, self._mix)
        load = SoakLoad(redis, self._mix.rng, self.options.channels, self.options.rate)
        load.fill()
        self._began = time.monotonic()
        load.begin(self._began)
        self._sampler = SoakSampler(self._worker, redis, self._began)
        try:
            start = self._sampler.take(self._began, "start", 0, 0)
            self._run(load, rate)
            end = self._leave(load)
        finally:
            self._crowd.close()
        self._judge(start, end, load)

    def _run(self, load, rate):
        every = min(5.0, self.length / 100)
        begun, in_peaks, sample_at = 0, 0, every
        while (at := (now := time.monotonic()) - self._began) < self.length:
            self._crowd.turn()
            load.keep_up(now)
            due = min(int(at * rate) - begun, MOST_AT_ONCE)
            for _ in range(due):
                self._crowd.begin(self._mix.draw(), now)
            begun += due
            in_peaks += self._fill_peak(at, now, in_peaks)
            if at >= sample_at:
                self._sampler.take(now, self._phase(at), self._crowd.held, self._crowd.begun)
                sample_at += every
        self.result["sessions"] = begun

    def _peak(self, at):
        """(number, seconds since it began) of the peak that isn't over, with what follows from it; None between them."""
        for number, share in enumerate(PEAKS):
            since = at - share * self.length
            if 0 <= since < self.peak_length + SETTLING:
                return number, since
        return None

    def _phase(self, at):
        return "quiet" if self._peak(at) is None else "peak"

    def _fill_peak(self, at, now, in_peaks):
        """Begins those of a peak that are due in this turn: all within its first half; they go when it is over, within a
        second. Returns how many."""
        peak = self._peak(at)
        if peak is None:
            return 0
        number, since = peak
        due = number * self.options.peak + int(self.options.peak * min(1.0, 2 * since / self.peak_length))
        count = min(due - in_peaks, MOST_AT_ONCE)
        for _ in range(count):
            stay = max(0.1, self.peak_length - since) + self._mix.rng.random()
            self._crowd.begin(self._mix.draw_held(stay), now)
        return max(0, count)

    def _leave(self, load):
        """Everyone goes, and the worker is given the time to notice. Returns the last sample."""
        deadline = time.monotonic() + LONGEST_END
        while (now := time.monotonic()) < deadline:
            self._crowd.turn()
            load.keep_up(now)
            if not self._crowd.held and not self._sampler.channels() and not self._sampler.connections():
                break
        time.sleep(TRIMMED)
        now = time.monotonic()
        return self._sampler.take(now, "end", self._crowd.held, self._crowd.begun)

    def _judge(self, start, end, load):
        crowd, bounds = self._crowd, Bounds()
        troubles = crowd.troubles.total()
        self.result |= {
            "published": load.published, "kinds": crowd.kinds, "places": crowd.places, "polls": crowd.polls,
            "statuses": {str(status): count for status, count in crowd.statuses.items()}, "ends": crowd.ends,
            "left unanswered": crowd.unanswered, "troubles": crowd.troubles,
            "cpu": {"harness": round(time.process_time(), 1), "worker": round(end["cpu"] - start["cpu"], 1)},
            "start": start, "end": end, "samples": self._sampler.samples, "bounds": asdict(bounds)}
        found = course(self._sampler.samples[1:-1], self.length)
        self.result["course"] = asdict(found)
        wrong = reasons(found, bounds) + remains(start, end, bounds)
        if troubles > bounds.troubles * crowd.begun:
            wrong.append(f"{troubles} sessions of {crowd.begun} went otherwise than planned")
        if self.result["sessions"] < 0.95 * self.options.sessions and not self.options.untimed:
            wrong.append(f"only {self.result['sessions']} sessions of {self.options.sessions}: is the machine busy?")
        if crowd.kinds["stopped"] and not crowd.ends["stopped: cut off"]:
            wrong.append("no client that never reads was cut off")
        self.result["reasons"] = wrong


def main(words):
    options = arguments(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not Path(binary()).exists():
        sys.exit(f"no {binary()}: build it, cluster/up does, or name another by HALLEY_BIN")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = tempfile.mkdtemp(prefix="chaos-soak-")
    soak = Soak(options, folder)
    try:
        soak.up()
        soak.play()
    except Exception as error:  # any trouble of the run's own fails it
        soak.result["reasons"] = [f"{type(error).__name__}: {error}"]
    finally:
        soak.down()
    result = soak.result
    result["passed"] = not result["reasons"]
    if result["passed"] and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        result["folder"] = folder
    print(summary(result), file=sys.stderr)
    text = json.dumps(result, indent=1)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n")
    return 0 if result["passed"] else 1


def summary(result):
    lines = ["passed" if result["passed"] else f"FAILED  {'; '.join(result['reasons'])}"]
    if "course" in result:
        found = result["course"]
        tenths = " ".join("-" if value is None else f"{value:.1f}" for value in found["tenths"])
        lines += [
            f"  sessions {result['sessions']} in {result['minutes']:g} min; events {result['published']}; "
            f"CPU s: worker {result['cpu']['worker']}, harness {result['cpu']['harness']}",
            f"  MiB      start {result['start']['rss']:.1f}; tenths {tenths}; end {result['end']['rss']:.1f}",
            f"  growth   {found['growth']:.2f} MiB; peaks {found['peaks']}, gave back {found['given']}, kept {found['kept']}",
            f"  left     descriptors {result['start']['descriptors']} -> {result['end']['descriptors']}, "
            f"channels {result['end']['channels']}, connections {result['end']['connections']}"]
        if result["troubles"]:
            lines.append(f"  troubles {dict(result['troubles'].most_common(10))}")
    return "\n".join(lines)
