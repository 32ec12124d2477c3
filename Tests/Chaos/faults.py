"""The faults, by name: what each does to the cluster, and what the cluster owes all the same."""

from dataclasses import dataclass, field
from typing import Callable

import process_faults
import redis_faults
import router_faults
from terms import GapRule

NO_AOF = {"HALLEY_REDIS_OPTIONS": "--appendonly no"}
ALWAYS = {"HALLEY_REDIS_OPTIONS": "--appendfsync always"}
EVERY_SECOND = {"HALLEY_REDIS_OPTIONS": "--appendfsync everysec"}

# A log of 8 events, a ring of 4: who is away for some seconds misses what nobody has any more.
SHORT_HISTORY = 8
SMALL_RING = {"HALLEY_RING_EVENTS": "4"}

KILLED_WORKER = {"again p50": 2.0, "again p99": 5.0}
RETURNED_REDIS = {"back most": 1.0}


@dataclass(frozen=True)
class Fault:
    name: str
    what: str
    play: Callable  # a coroutine function of a Scene
    gaps: GapRule = GapRule.NEVER
    environment: dict = field(default_factory=dict)  # of the cluster
    history: int | None = None  # that publishers ask for; None: Halley's default
    has_proxy: bool = False  # between workers and Redis
    sets_back: bool = False  # Redis' data to an older state
    limits: dict = field(default_factory=dict)  # seconds, by the names of `verdict.Times`
    proof: str | None = None  # what must have happened, else the run proves nothing: cut, errors, era, gaps, noticed


FAULTS = {fault.name: fault for fault in (
    Fault("none", "nothing", process_faults.nothing),
    Fault("worker-kill", "a worker is killed (SIGKILL), and started again; then another", process_faults.worker_kill,
          limits=KILLED_WORKER, proof="cut"),
    Fault("worker-term", "a worker ends by SIGTERM, and is started again; then another", process_faults.worker_term,
          proof="cut"),
    Fault("worker-stop", "a worker stands still for 5 s (SIGSTOP, SIGCONT)", process_faults.worker_stop, proof="cut"),
    Fault("coordinator-kill", "the only coordinator is killed, and is away for 30 s", process_faults.coordinator_kill),
    Fault("redis-kill-aof-always", "Redis is killed and started again; it has fsynced every write",
          redis_faults.kill, environment=ALWAYS, limits=RETURNED_REDIS, proof="errors"),
    Fault("redis-kill-aof-everysec", "the same, with an fsync a second", redis_faults.kill, GapRule.NEW_ERA,
          EVERY_SECOND, limits=RETURNED_REDIS, proof="errors"),
    Fault("redis-power-loss", "Redis is killed, and its append-only file has lost the last second",
          redis_faults.power_loss, GapRule.NEW_ERA, EVERY_SECOND, sets_back=True, proof="gaps"),
    Fault("redis-kill-empty", "Redis is killed and comes back with nothing", redis_faults.kill_once, GapRule.EVERYONE,
          NO_AOF, limits=RETURNED_REDIS, proof="era"),
    Fault("redis-flush", "FLUSHALL", redis_faults.flush, GapRule.RESUMED, proof="era"),
    Fault("pubsub-cut", "CLIENT KILL TYPE pubsub, twenty times", redis_faults.pubsub_cut),
    Fault("packets-dropped", "packets between workers and Redis are dropped for 10 s, in silence",
          redis_faults.packets_dropped, has_proxy=True, limits={"noticed most": 5.0}, proof="noticed"),
    Fault("router-reload", "ten reloads of HAProxy", router_faults.reload),
    Fault("router-restart", "HAProxy is restarted, then killed and started again", router_faults.restart, proof="cut"),
    Fault("scale", "from three workers to five, then to two", process_faults.scale, proof="cut"),
    Fault("publish-retry", "every event is sent five times under its key, and a worker is killed",
          process_faults.publish_retry, limits=KILLED_WORKER, proof="cut"),
    Fault("history-trim", "logs hold 8 events, and some clients are away for longer than that",
          process_faults.clients_away, GapRule.FOUNDED, SMALL_RING, history=SHORT_HISTORY, proof="gaps"),
)}
