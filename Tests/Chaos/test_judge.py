"""A judge that can't condemn is worthless: a clean record is spoilt in every way, and each must be found, under its name."""

import copy

import pytest

from judge import judge
from record import Publication, Record
from terms import GapRule, Terms

CHANNELS = ["a", "b"]


def identity(number):
    return f"{1_000 + number}-0"


def published(count=40, **changes):
    """Events 1 to `count`, on two channels in turn, each acknowledged at once."""
    return [Publication(number, CHANNELS[number % 2], 0, attempts=[float(number)],
                        acknowledgements=[[number + 0.5, identity(number)]], **changes) for number in range(1, count + 1)]


def event(publication, text=...):
    own = None if publication.is_live else identity(publication.number)
    shown = own if text is ... else text
    return ["event", 0.0, publication.channel, publication.number, shown]


def heard(publications, name="sse-1", **details):
    """A record without fault."""
    record = Record(name, "sse", "steady", CHANNELS, **details)
    record.entries = [["open", 0.0, "worker-1", None, None], *map(event, publications)]
    return record


def gap(channel, start, end):
    return ["gap", 0.0, channel, start, end]


def counts(publications, *records, **terms):
    judgement = judge(publications, records, Terms(**terms))
    return {kind: count for kind, count in judgement.counts.items() if count}


def index_of(record, number):
    return next(index for index, entry in enumerate(record.entries) if entry[0] == "event" and entry[3] == number)


def without(record, *numbers):
    """The same record, but some events never came."""
    spoilt = copy.deepcopy(record)
    spoilt.entries = [entry for entry in record.entries if entry[0] != "event" or entry[3] not in numbers]
    return spoilt


@pytest.fixture
def sent():
    return published()


@pytest.fixture
def clean(sent):
    return heard(sent)


def test_a_clean_record_passes(sent, clean):
    assert counts(sent, clean) == {}
    assert judge(sent, [clean]).passes(Terms())


@pytest.mark.parametrize("number", range(3, 41))
def test_every_lost_event_is_missed(sent, clean, number):
    assert counts(sent, without(clean, number)) == {"lost": 1, "undeclared": 1}


def test_lost_by_one_of_many_is_found(sent, clean):
    others = [heard(sent, f"sse-{number}") for number in range(2, 50)]
    judgement = judge(sent, [*others, without(clean, 17, 18)])
    assert judgement.counts == {"lost": 2, "undeclared": 2}
    assert {(violation.subscriber, violation.channel) for violation in judgement.violations} == {("sse-1", "a"), ("sse-1", "b")}


def test_what_came_before_the_first_event_is_not_owed(sent, clean):
    assert counts(sent, without(clean, *range(1, 11))) == {}


def test_the_end_of_a_channel_is_owed(sent, clean):
    assert counts(sent, without(clean, 38, 40)) == {"lost": 2, "undeclared": 2}


def test_a_channel_on_which_nothing_came_is_deaf(sent, clean):
    assert counts(sent, without(clean, *range(1, 41, 2))) == {"deaf": 1}


def test_nothing_at_all_is_deaf(sent):
    assert counts(sent, Record("sse-1", "sse", "steady", CHANNELS)) == {"deaf": 2}


@pytest.mark.parametrize("distance", [0, 1, 6])
def test_a_duplicate_is_found(sent, clean, distance):
    index = index_of(clean, 12)
    clean.entries.insert(index + 1 + distance, clean.entries[index])
    assert counts(sent, clean) == {"duplicated": 1}


def test_a_duplicate_under_another_id_is_one(sent, clean):
    clean.entries.append(event(sent[11], identity(99)))
    assert counts(sent, clean) == {"duplicated": 1, "misnumbered": 1}


def test_two_neighbours_out_of_order_are_found_on_one_channel(sent, clean):
    first, second = index_of(clean, 12), index_of(clean, 14)
    clean.entries[first], clean.entries[second] = clean.entries[second], clean.entries[first]
    assert counts(sent, clean)["out of order"] >= 1


def test_two_neighbours_out_of_order_are_found_across_channels(sent, clean):
    first, second = index_of(clean, 12), index_of(clean, 13)
    clean.entries[first], clean.entries[second] = clean.entries[second], clean.entries[first]
    assert counts(sent, clean) == {"out of order": 1}


def test_order_is_known_where_the_transport_tells_no_ids(sent, clean):
    clean.entries = [entry[:4] + [None] if entry[0] == "event" else entry for entry in clean.entries]
    assert counts(sent, clean) == {}
    clean.entries[5], clean.entries[6] = clean.entries[6], clean.entries[5]
    assert counts(sent, clean) == {"out of order": 1}


@pytest.mark.parametrize("entry", [
    ["event", 0.0, "a", 999, identity(60)],  # never sent
    ["event", 0.0, "b", 12, identity(12)],  # sent on the other channel
    ["event", 0.0, "c", 999, identity(60)],  # on a channel nobody asked for
])
def test_a_phantom_is_found(sent, clean, entry):
    clean.entries.append(entry)
    assert counts(sent, clean) == {"phantom": 1}


def test_a_channel_that_was_not_asked_for_is_a_phantom(sent, clean):
    foreign = Publication(41, "c", 0, attempts=[41.0], acknowledgements=[[41.5, identity(41)]])
    clean.entries.append(event(foreign))
    assert counts([*sent, foreign], clean) == {"phantom": 1}


def test_another_id_than_acknowledged_is_found(sent, clean):
    clean.entries[index_of(clean, 12)][4] = "1012-1"
    assert counts(sent, clean) == {"misnumbered": 1}


def test_two_acknowledgements_of_one_event_must_agree(sent, clean):
    sent[11].acknowledgements.append([13.0, identity(12)])
    assert counts(sent, clean) == {}
    sent[11].acknowledgements.append([13.0, identity(77)])
    assert counts(sent, clean) == {"misnumbered": 1}


def test_a_refusal_is_found(sent, clean):
    clean.failures.append("an EventSource was answered 503")
    assert counts(sent, clean) == {"refused": 1}


class TestUnacknowledged:
    """A publish whose acknowledgement never came may have happened or not."""

    @pytest.fixture
    def unsure(self, sent):
        sent[11].acknowledgements.clear()
        return sent

    def test_may_be_missing_but_its_publisher_is_owed_an_answer(self, unsure, clean):
        assert counts(unsure, without(clean, 12)) == {"unanswered": 1}
        assert not judge(unsure, [without(clean, 12)]).passes(Terms())

    def test_may_have_come(self, unsure, clean):
        assert counts(unsure, clean) == {"unanswered": 1}

    def test_may_not_come_twice(self, unsure, clean):
        clean.entries.append(clean.entries[index_of(clean, 12)])
        assert counts(unsure, clean) == {"unanswered": 1, "duplicated": 1}

    def test_may_not_come_out_of_order(self, unsure, clean):
        clean.entries.append(clean.entries.pop(index_of(clean, 12)))
        assert counts(unsure, clean) == {"unanswered": 1, "out of order": 1}


class TestGaps:
    def test_a_gap_declares_what_it_covers(self, sent, clean):
        spoilt = without(clean, 12, 14)
        spoilt.entries.insert(index_of(spoilt, 16), gap("a", identity(10), identity(14)))
        assert counts(sent, spoilt, gaps=GapRule.FOUNDED) == {"lost": 2}
        assert judge(sent, [spoilt], Terms(GapRule.FOUNDED)).passes(Terms(GapRule.FOUNDED))

    def test_where_nothing_may_be_lost_a_declared_loss_is_one_too(self, sent, clean):
        spoilt = without(clean, 12)
        spoilt.entries.insert(index_of(spoilt, 14), gap("a", identity(10), identity(12)))
        assert not judge(sent, [spoilt]).passes(Terms())

    @pytest.mark.parametrize("start, end", [(10, 12), (12, 14)])
    def test_a_gap_that_is_too_short_leaves_the_rest_silent(self, sent, clean, start, end):
        spoilt = without(clean, 12, 14)
        spoilt.entries.insert(index_of(spoilt, 16), gap("a", identity(start), identity(end)))
        assert counts(sent, spoilt, gaps=GapRule.FOUNDED) == {"lost": 2, "undeclared": 1}

    def test_a_gap_on_another_channel_declares_nothing(self, sent, clean):
        spoilt = without(clean, 12)
        spoilt.entries.insert(index_of(spoilt, 13), gap("b", identity(11), identity(12)))
        assert counts(sent, spoilt, gaps=GapRule.FOUNDED) == {"lost": 1, "undeclared": 1, "unfounded": 1}

    def test_a_gap_to_somebody_else_declares_nothing(self, sent, clean):
        other = heard(sent, "sse-2")
        other.entries.insert(index_of(other, 14), gap("a", identity(12), identity(13)))
        assert counts(sent, without(clean, 12), other, gaps=GapRule.FOUNDED) == {"lost": 1, "undeclared": 1, "unfounded": 1}

    @pytest.mark.parametrize("rule", [GapRule.NEVER, GapRule.FOUNDED, GapRule.RESUMED, GapRule.NEW_ERA])
    def test_a_gap_for_nothing_is_unfounded(self, sent, clean, rule):
        clean.entries.insert(index_of(clean, 14), gap("a", identity(12), identity(13)))
        assert counts(sent, clean, gaps=rule) == {"unfounded": 1}

    def test_a_gap_over_what_was_received_before_is_crooked(self, sent, clean):
        spoilt = without(clean, 12)
        spoilt.entries.insert(index_of(spoilt, 14), gap("a", identity(8), identity(12)))
        assert counts(sent, spoilt, gaps=GapRule.FOUNDED) == {"lost": 1, "crooked": 1}

    def test_a_gap_over_what_is_received_after_is_crooked(self, sent, clean):
        spoilt = without(clean, 12)
        spoilt.entries.insert(index_of(spoilt, 14), gap("a", identity(10), identity(14)))
        assert counts(sent, spoilt, gaps=GapRule.FOUNDED) == {"lost": 1, "crooked": 1}


class TestLossOfData:
    """Redis has begun a new era."""

    ERAS = {"first_era": "aaaaaa", "last_era": "bbbbbb"}

    def test_a_gap_is_in_order_once_the_era_has_changed(self, sent, clean):
        clean.entries.insert(index_of(clean, 14), gap("a", identity(12), identity(13)))
        assert counts(sent, clean, gaps=GapRule.NEW_ERA, **self.ERAS) == {}

    def test_a_silent_gap_is_not(self, sent, clean):
        found = counts(sent, without(clean, 12), gaps=GapRule.NEW_ERA, **self.ERAS)
        assert found == {"lost": 1, "undeclared": 1}
        assert not judge(sent, [without(clean, 12)], Terms(GapRule.NEW_ERA, **self.ERAS)).passes(Terms(GapRule.NEW_ERA))

    def test_everyone_is_owed_a_gap(self, sent, clean):
        clean.entries.insert(index_of(clean, 14), gap("a", identity(12), identity(13)))
        assert counts(sent, clean, gaps=GapRule.EVERYONE, **self.ERAS) == {"untold": 1}
        clean.entries.insert(index_of(clean, 14), gap("b", identity(13), identity(13)))
        assert counts(sent, clean, gaps=GapRule.EVERYONE, **self.ERAS) == {}

    @pytest.mark.parametrize("position, verdict", [
        ("1012-0.aaaaaa", {}), ("1012-0.bbbbbb~00.1", {"unfounded": 1}), (None, {"unfounded": 1})])
    def test_who_comes_back_with_an_old_position_may_be_told(self, sent, clean, position, verdict):
        clean.entries.insert(index_of(clean, 14), gap("a", identity(12), identity(13)))
        clean.entries.insert(index_of(clean, 14) - 1, ["open", 0.0, "worker-2", position, None])
        assert counts(sent, clean, gaps=GapRule.RESUMED, **self.ERAS) == verdict

    @pytest.mark.parametrize("rule", [GapRule.RESUMED, GapRule.NEW_ERA, GapRule.EVERYONE])
    def test_a_gap_from_before_the_fault_has_no_reason(self, sent, clean, rule):
        for channel in CHANNELS:
            clean.entries.insert(index_of(clean, 14), gap(channel, identity(13), identity(13)))
        clean.entries.insert(index_of(clean, 14) - 2, ["open", 0.0, "worker-2", "1012-0.aaaaaa", None])
        found = counts(sent, clean, gaps=rule, struck=1.0, **self.ERAS)
        assert found == {"unfounded": 2} | ({"untold": 2} if rule is GapRule.EVERYONE else {})

    @pytest.mark.parametrize("position, when, worker, answer, verdict", [
        ("1012-0.aaaaaa", 9.0, 2, "durable-only", {"untold": 2}),  # a silent resume across the loss, on both channels
        ("1012-0.aaaaaa", 9.0, 1, "durable-only", {"untold": 2}),
        ("1012-0.aaaaaa", 9.0, 2, None, {"untold": 2}),
        ("1012-0.aaaaaa", 9.0, 1, "complete", {}),  # from the worker's own memory
        ("1012-0.aaaaaa", 9.0, 1, None, {}),
        ("1012-0.aaaaaa", 5.0, 2, None, {}),  # the new era may not have begun yet
        ("1012-0.bbbbbb", 9.0, 2, None, {}), (None, 9.0, 2, None, {})])
    def test_who_comes_back_with_an_old_position_must_be_told(self, sent, clean, position, when, worker, answer, verdict):
        clean.entries.insert(index_of(clean, 13), ["open", when, f"worker-{worker}", position, answer])
        assert counts(sent, clean, gaps=GapRule.RESUMED, reborn=6.0, **self.ERAS) == verdict

    def test_where_the_fault_itself_set_the_data_back_no_new_era_is_needed(self, sent, clean):
        clean.entries.insert(index_of(clean, 14), gap("a", identity(12), identity(13)))
        assert counts(sent, clean, gaps=GapRule.NEW_ERA) == {"unfounded": 1}
        assert counts(sent, clean, gaps=GapRule.NEW_ERA, is_rolled_back=True) == {}
        assert counts(sent, without(clean, 16), gaps=GapRule.NEW_ERA, is_rolled_back=True) == {"lost": 1, "undeclared": 1}

    def test_it_must_be_told_before_what_follows_and_on_each_channel(self, sent, clean):
        clean.entries.insert(index_of(clean, 13), ["open", 9.0, "worker-2", "1012-0.aaaaaa", None])
        clean.entries.insert(index_of(clean, 13), gap("b", identity(12), identity(12)))
        clean.entries.insert(index_of(clean, 16), gap("a", identity(14), identity(15)))
        assert counts(sent, clean, gaps=GapRule.RESUMED, reborn=6.0, **self.ERAS) == {"untold": 1}

    def test_a_retry_across_it_may_be_delivered_again_under_a_new_id(self, sent, clean):
        clean.entries.append(event(sent[11], identity(99)))
        assert "duplicated" in counts(sent, clean, gaps=GapRule.NEW_ERA, **self.ERAS)
        sent[11].attempts.append(13.0)
        assert counts(sent, clean, gaps=GapRule.NEW_ERA, **self.ERAS) == {}
        assert "duplicated" in counts(sent, clean)


class TestLiveEvents:
    @pytest.fixture
    def live(self):
        return [Publication(number, "a", 0, is_live=True, attempts=[1.0], acknowledgements=[[2.0, None]])
                for number in range(101, 111)]

    def test_may_be_missing(self, sent, clean, live):
        assert counts(sent + live, clean) == {}

    def test_may_not_come_twice(self, sent, clean, live):
        clean.entries += [event(live[0]), event(live[0])]
        assert counts(sent + live, clean) == {"duplicated": 1}

    def test_may_not_come_out_of_order(self, sent, clean, live):
        clean.entries += [event(live[1]), event(live[0])]
        assert counts(sent + live, clean) == {"out of order": 1}

    def test_have_no_id(self, sent, clean, live):
        clean.entries += [event(live[0], identity(70))]
        assert counts(sent + live, clean) == {"misnumbered": 1}
