"""How long everything took, from the same records that the judge reads. Pure. All in seconds."""

from dataclasses import dataclass

from record import ANSWERED, PEER

# A connection that ended later than this after a strike ended for another reason.
STRIKE_REACH = 15.0
# The others wait for themselves.
PROMPT_HABITS = ("steady", "flapping")


@dataclass
class Spread:
    """How something is distributed over subscribers or events."""

    count: int
    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, values):
        ordered = sorted(values)
        if not ordered:
            return None

        def quantile(share):
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

        return cls(len(ordered), *(round(value, 3) for value in (quantile(0.5), quantile(0.99), ordered[-1])))

    def __str__(self):
        return f"p50 {self.p50:.2f} s, p99 {self.p99:.2f} s"


def receiving_again(records, strikes):
    """For every connection that its peer cut off: from the strike behind it (else from the cut) to the next event."""
    waits = []
    for record in records:
        if record.habit not in PROMPT_HABITS:
            continue
        began = None
        for kind, when, *rest in record.entries:
            if kind == "end" and rest[0] == PEER and began is None:
                struck = [strike for strike in strikes if strike <= when <= strike + STRIKE_REACH]
                began = max(struck, default=when)
            elif kind == "end" and rest[0] != PEER:
                began = None  # it went by itself, and its absence is its own
            elif kind in ("event", "gap") and began is not None:
                waits.append(when - began)
                began = None
    return Spread.of(waits)


def delivery_back(publications, records, moments):
    """For each moment at which Redis answered again, and each subscriber that was connected and stays: how long the first
    event was on its way that was published after it."""
    acknowledged = _acknowledged(publications)
    waits = []
    for moment in moments:
        for record in records:
            if record.habit != "steady" or not _is_connected(record, moment):
                continue
            for kind, when, *rest in record.entries:
                since = acknowledged.get(rest[1], 0.0) if kind == "event" and when > moment else 0.0
                if since > moment:
                    waits.append(max(0.0, when - since))
                    break
    return Spread.of(waits)


def on_the_way(publications, records):
    """From an event's acknowledgement to each delivery of it to those who only listen; zero where it was delivered first."""
    acknowledged = _acknowledged(publications)
    return Spread.of([
        max(0.0, when - acknowledged[rest[1]])
        for record in records if record.habit == "steady"
        for kind, when, *rest in record.entries if kind == "event" and rest[1] in acknowledged])


def cut_off(records):
    """How many connections were ended by their peer."""
    return sum(entry[0] == "end" and entry[2] == PEER for record in records for entry in record.entries)


def _acknowledged(publications):
    return {
        publication.number: publication.acknowledgements[0][0]
        for publication in publications if publication.is_acknowledged}


def _is_connected(record, moment):
    """Whether a connection stood at the moment, or (a poller's) ended in an answer just before."""
    last = None
    for entry in record.entries:
        if entry[0] in ("open", "end"):
            if entry[1] > moment:
                break
            last = entry
    return last is not None and (last[0] == "open" or last[2] == ANSWERED)
