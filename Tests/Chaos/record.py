"""What is written down during a run, to be judged afterwards: publications, and each subscriber's record.

Times are seconds of `time.monotonic()`, which on Linux is one clock for all processes of the machine. Both kinds are kept
as JSON lines in the run's folder, so that a run that failed can be judged again.
"""

import json
from dataclasses import asdict, dataclass, field

# Why an event was published.
WARM, LOAD, FINAL = "warm", "load", "final"


@dataclass
class Publication:
    """One event, however often it had to be sent."""

    number: int  # unique in the run; it is in the payload
    channel: str
    publisher: int
    purpose: str = LOAD
    is_live: bool = False
    attempts: list = field(default_factory=list)  # when it was sent
    acknowledgements: list = field(default_factory=list)  # [when, id]; of a live event [when, None]

    @property
    def is_acknowledged(self):
        return bool(self.acknowledgements)


@dataclass
class Record:
    """All that one subscriber saw, in its order.

    `entries` are lists:
      ["open", when, worker, position given, Halley-Resume]    a 200
      ["event", when, channel, number, id]                     id is None where the transport or a live event has none
      ["gap", when, channel, from, to]
      ["end", when, why]                                       PEER, SELF or ANSWERED
    """

    name: str
    transport: str
    habit: str
    channels: list
    entries: list = field(default_factory=list)
    statuses: dict = field(default_factory=dict)  # other than 200 and 307 -> how often
    failures: list = field(default_factory=list)  # what no client should see: a refusal, a message it can't read
    retreats: int = 0  # how often a position's id was below the one before


PEER, SELF, ANSWERED = "peer", "self", "answered"


def write_lines(path, things):
    with open(path, "w", encoding="utf-8") as file:
        for thing in things:
            file.write(json.dumps(asdict(thing), separators=(",", ":")) + "\n")


def read_lines(path, kind):
    with open(path, encoding="utf-8") as file:
        return [kind(**json.loads(line)) for line in file]
