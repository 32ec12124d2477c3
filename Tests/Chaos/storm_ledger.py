"""What was published in a resume storm, and whether each client received exactly what it was owed. Pure."""

from collections import Counter
from heapq import merge

from event_ids import parse_id


class Ledger:
    """Events by number, counted from 0, in the order of publishing, which is the order of their ids."""

    def __init__(self):
        self.events = []  # (id, channel)
        self._of = {}  # channel -> numbers, rising

    def add(self, channel, identity):
        self._of.setdefault(channel, []).append(len(self.events))
        self.events.append((identity, channel))

    def owed(self, channels, after):
        """Numbers of all events on these channels with an id above `after`, in order."""
        return [number for number in merge(*(self._of.get(channel, ()) for channel in channels))
                if parse_id(self.events[number][0]) > parse_id(after)]

    def newest(self, channels):
        """The number of the last event on any of these channels; None when there is none."""
        return max((self._of[channel][-1] for channel in channels if channel in self._of), default=None)


def compared(received, owed):
    """How often each kind of fault occurs in what one client received, given what it was owed."""
    if received == owed:
        return Counter()
    times, wanted = Counter(received), set(owed)
    highest, disordered = -1, 0
    for number in received:
        disordered += number < highest
        highest = max(highest, number)
    return +Counter({
        "lost": sum(number not in times for number in owed),
        "duplicated": sum(times.values()) - len(times),
        "phantom": sum(number not in wanted for number in times),
        "out of order": disordered,
    })
