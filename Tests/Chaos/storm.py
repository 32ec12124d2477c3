"""cluster/chaos storm: thousands of clients hold on to two workers, and one of the workers is killed.

  join    every client comes with a position that is 100 events old on its shared channel, and some on its own
  resume  a worker is killed; at once 100 more events are on each shared channel, and some on each own: whoever the dead
          worker held comes back to the other one, as far behind as at first
  final   a last event on each channel: what came twice or too late has come before it

Events go on being published on the shared channels all the time. Each client's record must be exact: every event since its
first position, once, in order, and no gap.
"""

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from log_reads import LogReads
from memory import forget_peak, resident
from promptness import Spread
from resp import Redis
from stage import Stage
from storm_client import StormClient
from storm_crowd import StormCrowd
from storm_ledger import Ledger, compared

BEHIND = 100  # events on each shared channel that a client has missed
MOST_OWN = 3  # events on its own channel that it has missed, from none on
VICTIM, SURVIVOR = "worker-1", "worker-2"
SHARDS, LANES = 64, "abcdefgh"
BATCH = 500  # commands that are sent at once
PADDING = "x" * 64
LONGEST_JOIN = 120.0  # seconds
LONGEST_RESUME = 60.0
LONGEST_FINAL = 60.0
SLOWEST_RESUME = 15.0  # seconds: what is promised
MOST_READS = 6  # log reads of a shared channel in a phase, three for each worker, however many clients resume


def arguments(words):
    parser = argparse.ArgumentParser("cluster/chaos storm", description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=9_000, help="[9000]; the router takes 9900 in all")
    parser.add_argument("--shared", type=int, default=10, help="channels that clients share [10]")
    parser.add_argument("--rate", type=float, default=10.0, help="events a second on them all the time [10]")
    parser.add_argument("--ring", type=int, help="events in a channel's ring; few make the logs be read [Halley's default]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--untimed", action="store_true", help="a slow machine: what takes too long doesn't fail")
    parser.add_argument("--keep", action="store_true", help="keeps the cluster's logs, too, when it passes")
    parser.add_argument("--json", metavar="FILE", help="writes the result there; - is stdout")
    return parser.parse_args(words)


class Storm:
    def __init__(self, options, stage):
        self.options, self.stage = options, stage
        self.ledger = Ledger()
        self.result = {"clients": options.clients, "shared": options.shared, "seed": options.seed}
        self._rng = random.Random(f"storm {options.seed}")
        self._shared = [f"storm.{number}" for number in range(options.shared)]
        self._next_due = time.monotonic()

    def play(self):
        self._redis = Redis(self.stage.redis_port())
        reads = LogReads(self._redis)
        begin = self._publish(["storm.begin"])[-1]
        position = f"{begin}.{asyncio.run(self.stage.era())}"
        own = self._miss()
        clients = [self._client(number, channel, position) for number, channel in enumerate(own)]
        self.crowd = StormCrowd(clients)
        try:
            self._phase("join", clients, reads, LONGEST_JOIN)
            self._resume(reads)
            self._next_due = float("inf")
            self._publish(self._shared + own)
            self._phase("final", clients, reads, LONGEST_FINAL)
        finally:
            self.crowd.close()
        self._judge(begin)

    def _client(self, number, own, position):
        host = f"s{self._rng.randrange(SHARDS)}-{self._rng.choice(LANES)}.push.localhost"
        return StormClient(host, self.stage.port, [self._shared[number % len(self._shared)], own], position, self.ledger)

    def _miss(self):
        """Events that the clients have missed: on the shared channels in turn, and on their own. Returns the latter's
        names."""
        own = [f"own.{number}" for number in range(self.options.clients)]
        events = self._shared * BEHIND + [name for name in own for _ in range(self._rng.randint(0, MOST_OWN))]
        self._rng.shuffle(events)
        self._publish(events)
        return own

    def _resume(self, reads):
        victims = [client for client in self.crowd.clients if client.worker == VICTIM]
        survivor = self.stage.pid(SURVIVOR)
        before, _ = resident(survivor)
        forget_peak(survivor)
        had = [len(client.received) for client in victims]
        self.stage.signal(VICTIM, signal.SIGKILL)
        killed = time.monotonic()
        self._miss()
        published = time.monotonic()
        self._phase("resume", victims, reads, LONGEST_RESUME)
        waits = [client.reached - killed for client in victims if client.reached]
        after, peak = resident(survivor)
        self.result["resume"] |= {
            "seconds": vars(Spread.of(waits)) if waits else None, "publishing took": round(published - killed, 2),
            "survivor MiB": {"before": before, "peak": peak, "after": after},
            "least missed": min((len(client.received) - count for client, count in zip(victims, had)), default=0)}

    def _phase(self, name, clients, reads, within):
        """Until those clients have heard the last event that is published by now on their channels."""
        began, reads_before = time.monotonic(), Counter() if name == "join" else self._reads
        for client in clients:
            client.await_number(self.ledger.newest(client.channels))
        waiting = list(clients)

        def all_heard():
            waiting[:] = [client for client in waiting if client.reached is None]
            return not waiting

        is_done = self.crowd.run_until(all_heard, within, self._keep_publishing)
        self._reads = reads.counted()
        counts = self._reads - reads_before
        shared = [counts[channel] for channel in self._shared]
        self.result[name] = {
            "clients": len(clients), "took": round(time.monotonic() - began, 2), "behind": len(waiting), "done": is_done,
            "reads of each shared log": shared, "reads of own logs": counts.total() - sum(shared),
            "open": sum(client.is_open for client in self.crowd.clients)}

    def _keep_publishing(self):
        if time.monotonic() >= self._next_due:
            self._publish([self._rng.choice(self._shared)])
            self._next_due = max(self._next_due, time.monotonic() - 1) + 1 / self.options.rate

    def _publish(self, channels):
        """An event on each; returns the ids."""
        identities = []
        for start in range(0, len(channels), BATCH):
            batch, first = channels[start:start + BATCH], len(self.ledger.events)
            replies = self._redis.pipeline([
                ("FCALL", "halley_publish", 1, f"halley:{channel}", f"{first + index} {PADDING}")
                for index, channel in enumerate(batch)])
            for channel, reply in zip(batch, replies):
                self.ledger.add(channel, reply.decode())
                identities.append(reply.decode())
        return identities

    def _judge(self, begin):
        faults, troubles = Counter(), []
        for client in self.crowd.clients:
            faults += compared(client.received, self.ledger.owed(client.channels, begin))
            troubles += client.troubles
        self.result |= {
            "published": len(self.ledger.events), "received": sum(len(client.received) for client in self.crowd.clients),
            **{kind.replace(" ", "_"): faults[kind] for kind in ("lost", "duplicated", "out of order", "phantom")},
            "troubles": len(troubles), "first troubles": troubles[:10],
            "resumes": Counter(str(resume) for client in self.crowd.clients for resume in client.resumes),
            "harness": {"longest turn": round(self.crowd.longest_turn, 2), "cpu": round(time.process_time(), 1)}}
        self.result["reasons"] = reasons(self.result, not self.options.untimed)


def reasons(result, is_timed=True):
    """Why a storm doesn't pass, a phrase each."""
    kinds = ("lost", "duplicated", "out_of_order", "phantom", "troubles")
    found = [f"{result[kind]} {kind.replace('_', ' ')}" for kind in kinds if result[kind]]
    for name in ("join", "resume", "final"):
        phase = result[name]
        if not phase["clients"]:
            found.append(f"{name}: nobody was concerned")
        if phase.get("least missed", BEHIND) < BEHIND:
            found.append(f"{name}: one was only {phase['least missed']} events behind")
        if phase["behind"]:
            found.append(f"{name}: {phase['behind']} of {phase['clients']} clients never caught up")
        most = max(phase["reads of each shared log"])
        if most > MOST_READS:
            found.append(f"{name}: {most} reads of one shared log, over {MOST_READS}")
    seconds = result["resume"]["seconds"]
    if is_timed and seconds and seconds["most"] > SLOWEST_RESUME:
        found.append(f"the last resumed after {seconds['most']:.1f} s, over {SLOWEST_RESUME:.0f} s")
    return found


def main(words):
    options = arguments(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="chaos-storm-"))
    environment = {"HALLEY_RING_EVENTS": str(options.ring)} if options.ring else {}
    stage = Stage(folder, 2, environment)
    storm = Storm(options, stage)
    try:
        asyncio.run(stage.up())
        storm.play()
    except Exception as error:  # any trouble of the run's own fails it
        storm.result["reasons"] = [f"{type(error).__name__}: {error}"]
    finally:
        asyncio.run(stage.down())
    result = storm.result
    result["passed"] = not result["reasons"]
    if result["passed"] and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        result["folder"] = str(folder)
    print(summary(result), file=sys.stderr)
    text = json.dumps(result, indent=1)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n")
    return 0 if result["passed"] else 1


def summary(result):
    lines = ["passed" if result["passed"] else f"FAILED  {'; '.join(result['reasons'])}"]
    for name in ("join", "resume", "final"):
        if name in result:
            lines.append(f"  {name:7} {', '.join(f'{key} {value}' for key, value in result[name].items())}")
    return "\n".join(lines)
