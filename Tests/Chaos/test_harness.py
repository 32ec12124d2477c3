"""The whole harness against a stand-in that misbehaves: subscribers over every transport, publishers, conductor and judge
together must find out, and must be content with one that behaves."""

import asyncio
import random
import tempfile

import pytest

from conductor import Run, Settings
from faults import FAULTS
from stand_in import StandIn

SETTINGS = Settings(seconds=1.2, rate=200, channels=20, subscribers=60, live_share=0.0, arriving=0.3)
SPOILT = 0.02  # of all deliveries


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """Runs that fail keep their records; these are of no use to anybody."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def play(spoil=None):
    stand_in = StandIn(spoil) if spoil else StandIn()
    return asyncio.run(Run(FAULTS["none"], SETTINGS, stand_in).play())


def seldom(change):
    """Spoils a delivery now and then, but none of the markers at the beginning and the end."""
    rng = random.Random(1)

    def spoil(query, event):
        identity, channel, payload = event
        is_load = '"final"' not in payload and int(payload.partition(": ")[2].partition(",")[0]) > 100
        return change(event) if is_load and rng.random() < SPOILT else [event]

    return spoil


def test_one_that_behaves_passes():
    result = play()
    assert result["passed"], result["summary"]
    assert result["received"] > 1_000 and result["folder"] is None


def raised(identity, by):
    milliseconds, _, counter = identity.partition("-")
    return f"{int(milliseconds) + by}-{counter}"


@pytest.mark.parametrize("kind, change", [
    ("undeclared", lambda event: []),
    ("duplicated", lambda event: [event, event]),
    ("phantom", lambda event: [event, (event[0], event[1], event[2].replace('"u": ', '"u": 9000'))]),
    ("phantom", lambda event: [event, (event[0], "chaos.none", event[2])]),
    ("misnumbered", lambda event: [(event[0].replace("-0", "-1"), *event[1:])]),
    ("unfounded", lambda event: [event, {"channel": event[1], "from": event[0], "to": event[0]}]),
    ("lost", lambda event: [{"channel": event[1], "from": raised(event[0], -1), "to": event[0]}]),
    ("refused", lambda event: [(*event[:2], event[2].replace('"pad": "', '"pad": "?'))]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_one_that_misbehaves_fails(kind, change):
    result = play(seldom(change))
    assert not result["passed"]
    assert result[kind] > 0, result["summary"]


def test_one_that_mixes_up_the_order_fails():
    held, rng = {}, random.Random(1)

    def spoil(query, event):
        """Gives a delivery after the next one on the same channel."""
        key = id(query), event[1]
        if key in held:
            return [event, held.pop(key)]
        if rng.random() < SPOILT and '"final"' not in event[2]:
            held[key] = event
            return []
        return [event]

    assert play(spoil)["out_of_order"] > 0
