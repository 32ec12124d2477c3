"""The judge: holds what every subscriber received against what was acknowledged to the publishers. Pure.

A subscriber is owed, of each of its channels, every acknowledged durable event above the first that it received there
(the run begins with a marker on every channel, repeated until all have heard it):

  lost          owed and never received
  undeclared    lost, and no gap told to this subscriber covers it: the silent gap, the one thing that must never be
  duplicated    received twice
  out of order  received after an event with a higher id, or a live event after a later one of the same publisher
  phantom       never sent, or sent on another channel, or on a channel that was not asked for
  misnumbered   received, or acknowledged again, under another id than the first acknowledgement's
  crooked       a gap that contradicts what was received: from before it, or over it
  unfounded     a gap that nothing in this run gives a reason for (see `GapRule`)
  untold        a gap that was owed and never came, or came after later events
  deaf          a channel on which nothing ever came
  refused       an answer or a message that no client should see
  unanswered    a durable event whose publisher was never told that it lies in Redis, however often it asked

An event whose publish was never acknowledged may appear or not, once at most. Live events are owed to nobody.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from event_ids import era_in, parse_id
from terms import GapRule, Terms

KINDS = ("lost", "undeclared", "duplicated", "out of order", "phantom", "misnumbered", "crooked", "unfounded", "untold",
         "deaf", "refused", "unanswered")


@dataclass
class Violation:
    kind: str
    subscriber: str
    channel: str
    detail: str


@dataclass
class Judgement:
    counts: Counter = field(default_factory=Counter)
    violations: list = field(default_factory=list)
    received: int = 0
    gaps: int = 0  # told
    told: int = 0  # subscribers that were told one
    redelivered: int = 0  # retried across a loss of data, and delivered both times: in order then

    def blame(self, kind, subscriber, channel, detail, times=1):
        self.counts[kind] += times
        self.violations.append(Violation(kind, subscriber, channel, detail))

    def passes(self, terms):
        """Lost events are in order where gaps are, as long as each is declared."""
        excused = {"lost"} if terms.gaps is not GapRule.NEVER else set()
        return not any(count for kind, count in self.counts.items() if kind not in excused)


class Publications:
    """All that was sent, by number, and the ids under which it was acknowledged."""

    def __init__(self, publications):
        self.by_number = {publication.number: publication for publication in publications}
        self.ids = {
            publication.number: parse_id(publication.acknowledgements[0][1])
            for publication in publications if publication.is_acknowledged and not publication.is_live}
        self.owed = defaultdict(list)  # channel -> [(id, number)], rising
        for number, identity in self.ids.items():
            self.owed[self.by_number[number].channel].append((identity, number))
        for list_of_channel in self.owed.values():
            list_of_channel.sort()


def judge(publications, records, terms=Terms()):
    sent = Publications(publications)
    judgement = Judgement()
    _acknowledgements(publications, terms, judgement)
    for record in records:
        _Hearing(record, sent, terms, judgement).hold()
    return judgement


def _acknowledgements(publications, terms, judgement):
    for publication in publications:
        if not (publication.is_acknowledged or publication.is_live):
            judgement.blame("unanswered", "-", publication.channel, f"event {publication.number}")
        ids = {identity for _, identity in publication.acknowledgements}
        if len(ids) > 1 and not terms.forgets:
            judgement.blame("misnumbered", "-", publication.channel,
                            f"event {publication.number} was acknowledged as {', '.join(sorted(ids))}")


class _Hearing:
    """One subscriber's record."""

    def __init__(self, record, sent, terms, judgement):
        self.record, self.sent, self.terms, self.judgement = record, sent, terms, judgement
        self.received = defaultdict(dict)  # channel -> number -> id
        self.base = {}  # channel -> id of the first durable event
        self.newest = (0, 0)  # id of the last durable event, on whatever channel
        self.newest_on = {}  # the same, by channel
        self.live = {}  # (channel, publisher) -> number of its last live event
        self.gaps = []  # (channel, from, to, when, era of the position last given)
        self.gap_end = {}  # channel -> end of the last gap
        self.owing = set()  # channels on which a gap must come before the next durable event
        self.worker = None  # that answered last

    def blame(self, kind, channel, detail, times=1):
        self.judgement.blame(kind, self.record.name, channel, detail, times)

    def hold(self):
        given = None
        for entry in self.record.entries:
            if entry[0] == "open":
                given = era_in(entry[3])
                self._opened(entry[1], given, entry[2], entry[4])
            elif entry[0] == "event":
                self._event(*entry[2:])
            elif entry[0] == "gap":
                self._gap(*entry[2:], entry[1], given)
        for failure in self.record.failures:
            self.blame("refused", "-", failure)
        lost = {channel: self._lost(channel) for channel in self.record.channels}
        self._judge_gaps(lost)

    def _opened(self, when, given, worker, answer):
        """A worker that has heard everything since the position, on an unbroken link, owes no gap: whatever is missing then
        is undeclared. It says `complete`; a poll, which has no word for it, can only be answered so by the same worker."""
        is_same, self.worker = worker == self.worker, worker
        may_know = answer == "complete" or (answer is None and is_same)
        if self.terms.forgets and when > self.terms.reborn and given not in (None, self.terms.last_era) and not may_know:
            self.owing.update(self.record.channels)

    def _event(self, channel, number, text):
        self.judgement.received += 1
        publication = self.sent.by_number.get(number)
        if publication is None or publication.channel != channel or channel not in self.record.channels:
            self.blame("phantom", channel, f"event {number}")
            return
        identity = self._identity(publication, text)
        if number in self.received[channel]:
            again = len(publication.attempts) > 1 and self.terms.forgets and identity != self.received[channel][number]
            if again:
                self.judgement.redelivered += 1
            else:
                self.blame("duplicated", channel, f"event {number}")
            return
        self.received[channel][number] = identity
        if publication.is_live:
            self._live(publication)
        else:
            self._durable(publication, identity)

    def _identity(self, publication, text):
        """The id under which it came, or was acknowledged."""
        if publication.is_live:
            if text is not None:
                self.blame("misnumbered", publication.channel, f"live event {publication.number} has the id {text}")
            return None
        acknowledged = self.sent.ids.get(publication.number)
        if text is None:
            return acknowledged
        identity = parse_id(text)
        if acknowledged and identity != acknowledged and not (self.terms.forgets and len(publication.attempts) > 1):
            self.blame("misnumbered", publication.channel, f"event {publication.number} came as {text}")
        return identity

    def _live(self, publication):
        key = publication.channel, publication.publisher
        before = self.live.get(key)
        if before is not None and publication.number < before:
            self.blame("out of order", publication.channel, f"live event {publication.number} after {before}")
        self.live[key] = publication.number

    def _durable(self, publication, identity):
        if identity is None:  # never acknowledged, and the transport doesn't tell
            return
        channel = publication.channel
        if channel in self.owing:
            self.owing.discard(channel)
            self.blame("untold", channel, f"event {publication.number} came to a position of another era before any gap")
        self.base.setdefault(channel, identity)
        if identity <= self.newest:
            self.blame("out of order", channel,
                       f"event {publication.number}, {written(identity)}, after {written(self.newest)}")
        if identity <= self.gap_end.get(channel, (0, 0)):
            self.blame("crooked", channel, f"event {publication.number}, {written(identity)}, came after a gap over it")
        self.newest = max(self.newest, identity)
        self.newest_on[channel] = identity

    def _gap(self, channel, start, end, when, given):
        start, end = parse_id(start), parse_id(end)
        self.owing.discard(channel)
        # After a rollback that was noticed late a gap reaches back to what is known to be kept.
        known = (0, 0) if self.terms.is_rolled_back else self.newest_on.get(channel, (0, 0))
        if start > end or start < known:
            self.blame("crooked", channel, f"a gap from {written(start)} to {written(end)}, "
                       f"after {written(self.newest_on.get(channel, (0, 0)))}")
        self.gaps.append((channel, start, end, when, given))
        self.gap_end[channel] = max(end, self.gap_end.get(channel, end))

    def _lost(self, channel):
        """Ids of what is missing on a channel; blames for it."""
        base = self.base.get(channel)
        if base is None:
            if self.sent.owed[channel]:
                self.blame("deaf", channel, "no event ever came")
            return []
        received = self.received[channel]
        lost = [(identity, number) for identity, number in self.sent.owed[channel]
                if identity > base and number not in received]
        silent = [(identity, number) for identity, number in lost if not self._covered(channel, identity)]
        if lost:
            self.blame("lost", channel, f"{len(lost)}, first event {lost[0][1]}, {written(lost[0][0])}", len(lost))
        if silent:
            self.blame("undeclared", channel, f"{len(silent)}, first event {silent[0][1]}, {written(silent[0][0])}",
                       len(silent))
        return [identity for identity, _ in lost]

    def _covered(self, channel, identity):
        return any(on == channel and start < identity <= end for on, start, end, *_ in self.gaps)

    def _judge_gaps(self, lost):
        self.judgement.gaps += len(self.gaps)
        self.judgement.told += bool(self.gaps)
        for channel, start, end, when, given in self.gaps:
            is_founded = any(start < identity <= end for identity in lost.get(channel, ()))
            if not (is_founded or self._in_order(when, given)):
                self.blame("unfounded", channel, f"a gap from {written(start)} to {written(end)}")
        if self.terms.gaps is GapRule.EVERYONE:
            told = {channel for channel, _, _, when, _ in self.gaps if when >= self.terms.struck}
            for channel in set(self.record.channels) - told:
                self.blame("untold", channel, "no gap was told")

    def _in_order(self, when, given):
        """Whether a gap that covers nothing lost is in order all the same; `given` is the era the client came back with."""
        if when < self.terms.struck:
            return False
        match self.terms.gaps:
            case GapRule.RESUMED:
                return self.terms.forgets and given is not None and given != self.terms.last_era
            case GapRule.NEW_ERA | GapRule.EVERYONE:
                return self.terms.forgets
            case _:
                return False


def written(identity):
    return f"{identity[0]}-{identity[1]}"
