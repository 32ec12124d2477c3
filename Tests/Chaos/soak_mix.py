"""What short sessions do: which transport, which channels, from which position, for how long, and how they leave. Draws
by a seeded generator; knows no sockets."""

import random
import re
from collections import deque
from dataclasses import dataclass

from tickets import ticket

# kind -> sessions in a thousand
KINDS = {"sse": 300, "sse-json": 100, "stream": 230, "long-poll": 150, "polls": 140, "torn": 57, "refused": 20, "stopped": 3}
PLACES = {"none": 40, "recent": 28, "durable": 10, "other worker": 7, "old": 6, "other era": 4, "ahead": 2, "invalid": 3}
LEAVINGS = {"end": 45, "reset": 35, "half": 20}
FLOOD = "soak.flood"  # the channel of those that never read: larger events
LONGEST_STAY = 4.0  # seconds: with rare exceptions sessions are short
STOPPED_STAY = 4.0  # until the bound has ended it for certain
TORN_STAYS = (0.0, 0.3, 5.0)  # at once; soon; until the worker has lost its patience with the head
MANY_CHANNELS = 64  # as many as a request may have
POSITION = re.compile(rb'(?:^id: |"position":")([^"\n]{1,512})["\n]', re.MULTILINE)
REFUSALS = (
    (b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n", 400), (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"POST /events?channel=a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405),
    (b"GET /events?channel=a&ticket=forged HTTP/1.1\r\nHost: x\r\n\r\n", 401),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400))


@dataclass(slots=True)
class Plan:
    kind: str
    leaving: str
    stay: float  # seconds
    target: str  # without a position
    fields: str  # of the request's head
    place: str = "none"
    position: str | None = None
    status: int = 200  # to expect

    def request(self, position=None):
        """The request's bytes; a position that a poll was answered with counts instead of the first one."""
        position, target, fields = position or self.position, self.target, self.fields
        if position and self.kind == "sse":
            fields += f"Last-Event-ID: {position}\r\n"
        elif position:
            target += f"&position={position}"
        return f"GET {target} HTTP/1.1\r\nHost: push.localhost\r\n{fields}\r\n".encode()


class Positions:
    """Some of those that sessions were given."""

    def __init__(self, rng):
        self._rng = rng
        self._recent = deque(maxlen=500)
        self._old = []

    def take(self, received):
        """Notes where a session stands after what it received, if that says it, and returns it."""
        found = POSITION.findall(received)
        if not found:
            return None
        # An answer to a poll begins with it, and its events have theirs; a stream's last one counts.
        position = found[0 if received.startswith(b"HTTP/") else -1].decode("latin-1")
        self._recent.append(position)
        if len(self._old) < 100:
            self._old.append(position)
        return position

    def at(self, place):
        """A position of that kind; None while there is none, and for `none`."""
        if place == "none" or not self._recent:
            return None
        if place == "old":
            return self._rng.choice(self._old)
        position = self._rng.choice(self._recent)
        durable, _, cursor = position.partition("~")
        identity, _, era = durable.partition(".")
        return {
            "recent": position, "durable": durable,
            "other worker": f"{durable}~0123456789abcdef.{cursor.rpartition('.')[2] or 1}",
            "other era": f"{identity}.{era[::-1] if era != era[::-1] else 'AAAAAA'}",
            "ahead": f"{int(identity.partition('-')[0]) + 86_400_000}-0.{era}",
            "invalid": position[:len(position) // 2] + "!",
        }[place]


class Mix:
    """`only`: that kind of session alone. `mean_stay`: of sessions, in seconds."""

    def __init__(self, seed, channels, mean_stay, only=None):
        self.rng = random.Random(f"soak {seed}")
        self.positions = Positions(self.rng)
        self.channels = channels
        self._mean_stay = mean_stay
        self._kinds = {only: 1} if only else KINDS
        self._ticket = ticket(seconds=7 * 86_400)

    def draw(self):
        kind = self._one(self._kinds)
        if kind == "refused":
            head, status = self.rng.choice(REFUSALS)
            return Refused(kind, self._one(LEAVINGS), 1.0, head.decode("latin-1"), "", status=status)
        if kind == "stopped":
            return Plan(kind, "reset", STOPPED_STAY, f"/events?channel={FLOOD}&transport=stream", "")
        plan = self._subscription(kind, min(LONGEST_STAY, self.rng.expovariate(1 / self._mean_stay)), self._popular)
        plan.place = self._one(PLACES)
        plan.position = self.positions.at(plan.place)
        if kind == "torn":
            plan.stay = self.rng.choices(TORN_STAYS, (6, 3, 1))[0]
        elif plan.position and plan.place == "invalid":
            plan.status = 400
        return plan

    def draw_held(self, stay):
        """One of the many that are held for a while, each on channels that are few others'."""
        return self._subscription(self.rng.choice(("sse", "sse-json", "stream")), stay, self._any)

    def _subscription(self, kind, stay, channel):
        count = MANY_CHANNELS if self.rng.random() < 0.002 else self.rng.choice((1, 1, 2, 3, 5))
        target = "/events?" + "&".join(f"channel={name}" for name in dict.fromkeys(channel() for _ in range(count)))
        target += {"sse-json": "&format=json", "stream": "&transport=stream"}.get(kind, "")
        accept = "text/event-stream" if "sse" in kind else "application/json"
        fields = f"Accept: {accept}\r\n"
        if self.rng.random() < 0.1:
            fields += f"Authorization: Bearer {self._ticket}\r\n"
        if kind == "long-poll":
            fields += "Connection: close\r\n"
        return Plan(kind, self._one(LEAVINGS), stay, target, fields)

    def _one(self, weights):
        return self.rng.choices(list(weights), weights.values())[0]

    def _popular(self):
        """Some channels are busy, most are not: square of an even number."""
        return f"soak.{int(self.channels * self.rng.random() ** 2)}"

    def _any(self):
        return f"soak.{self.rng.randrange(self.channels)}"


class Refused(Plan):
    """A request that is none of Halley's; its bytes stand where others have their target."""

    __slots__ = ()

    def request(self, position=None):
        return self.target.encode("latin-1")
