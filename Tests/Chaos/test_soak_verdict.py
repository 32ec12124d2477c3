"""Whether memory stayed flat: what the judge of a soak sees, and what it doesn't mind."""

import random

import pytest

from soak_verdict import Bounds, course, reasons, remains

LENGTH = 1_000.0  # seconds
BOUNDS = Bounds(growth=2.0, growth_share=0.03, given_share=0.3, left=6.0)


def samples(level=40.0, filling=5.0, growth=0.0, kept=(3.0, 0.0), noise=0.2):
    """A run with two peaks of 20 MiB: fills up in its first tenth, then grows by so much in the whole."""
    rng = random.Random(1)
    taken = []
    for at in range(0, int(LENGTH), 5):
        rss = level - filling * max(0.0, 1 - at / 90) + growth * at / LENGTH + rng.uniform(-noise, noise)
        rss += kept[0] * (at >= 400) + kept[1] * (at >= 700)
        is_peak = 400 <= at < 450 or 700 <= at < 750
        taken.append({"at": float(at), "phase": "peak" if is_peak else "quiet", "rss": rss + 20 * is_peak})
    return taken


def wrong(**changes):
    return reasons(course(samples(**changes), LENGTH), BOUNDS)


def test_the_course_is_told():
    found = course(samples(noise=0.0), LENGTH)
    assert found.levels == [40, 43, 43] and found.peaks == [63, 63] and found.kept == [3, 0]
    assert found.given == [20, 20]
    assert found.growth == pytest.approx(0, abs=0.01)
    assert found.tenths[0] < 40 and found.tenths[1:4] == [40] * 3 and found.tenths[5:7] == [43] * 2


def test_a_tenth_that_was_all_peak_has_no_level():
    taken = [{**sample, "phase": "peak"} if 400 <= sample["at"] < 500 else sample for sample in samples()]
    assert course(taken, LENGTH).tenths[4] is None


@pytest.mark.parametrize("changes", [
    {}, {"filling": 30.0}, {"growth": 1.5}, {"growth": -10.0}, {"kept": (10.0, 0.0)}, {"kept": (10.0, -5.0)},
    {"noise": 2.0}, {"kept": (0.0, 1.5)}])
def test_what_is_flat_passes(changes):
    assert wrong(**changes) == []


@pytest.mark.parametrize("changes, phrase", [
    ({"growth": 3.5}, "grew"), ({"growth": 20.0}, "grew"), ({"kept": (3.0, 3.0)}, "peak 2 left")])
def test_what_grows_fails(changes, phrase):
    assert phrase in " ".join(wrong(**changes))


def test_a_large_process_may_grow_by_its_share():
    assert wrong(growth=3.5, level=400.0) == []


def test_growth_hidden_by_what_a_peak_gives_back_later_is_found():
    assert "grew" in " ".join(wrong(growth=8.0, kept=(-4.0, -4.0)))


def test_growth_before_the_first_peak_is_found_though_memory_shrinks_for_long_after_it():
    taken = samples(growth=10.0)
    for sample in taken:
        sample["rss"] -= 12 * max(0.0, sample["at"] - 400) / 600
    assert "grew" in " ".join(reasons(course(taken, LENGTH), BOUNDS))


def test_a_peak_that_gives_nothing_back_at_once_is_found():
    taken = samples()
    for sample in taken:
        if 450 <= sample["at"] < 520:
            sample["rss"] += 19
    assert "peak 1 gave back" in " ".join(reasons(course(taken, LENGTH), BOUNDS))


def test_what_is_touched_again_soon_after_a_peak_is_no_growth():
    taken = samples(kept=(15.0, 0.0))
    for sample in taken:
        if 450 <= sample["at"] < 480:
            sample["rss"] -= 10 * (480 - sample["at"]) / 30
    assert reasons(course(taken, LENGTH), BOUNDS) == []


def test_too_few_samples_tell_nothing():
    with pytest.raises(ValueError):
        course(samples()[::40], LENGTH)
    with pytest.raises(ValueError):
        course([], LENGTH)


@pytest.mark.parametrize("changes, count", [
    ({}, 0), ({"descriptors": 14}, 0), ({"descriptors": 15}, 1), ({"connections": 1}, 1), ({"channels": 2}, 1),
    ({"anonymous": 7.9}, 0), ({"anonymous": 8.1}, 1),
    ({"descriptors": 99, "connections": 9, "channels": 9}, 3)])
def test_what_is_left_when_everyone_has_gone_is_named(changes, count):
    start = {"descriptors": 12, "connections": 0, "channels": 0, "anonymous": 2.0}
    assert len(remains(start, {**start, **changes}, BOUNDS)) == count
