"""The soak: what its sessions send and read, and a short one on a real worker."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from processes import binary
from soak_mix import KINDS, PLACES, Mix
from soak_session import status_in

CHAOS = Path(__file__).resolve().parents[2] / "cluster" / "chaos"
POSITION = "1795387126259-3.OD24Y0~f1e095c3a54ee481.13"


@pytest.fixture
def mix():
    drawn = Mix(seed=1, channels=50, mean_stay=0.7)
    drawn.positions.take(f"id: {POSITION}\n".encode())
    return drawn


def test_every_kind_is_drawn_and_every_place(mix):
    plans = [mix.draw() for _ in range(5_000)]
    assert {plan.kind for plan in plans} == set(KINDS)
    assert {plan.place for plan in plans} == set(PLACES)
    assert Counter(plan.status for plan in plans).most_common(1)[0][0] == 200


def test_one_kind_alone():
    alone = Mix(seed=1, channels=50, mean_stay=0.7, only="long-poll")
    assert {alone.draw().kind for _ in range(200)} == {"long-poll"}


def test_the_same_seed_draws_the_same():
    first, second = (Mix(seed=7, channels=50, mean_stay=0.7) for _ in range(2))
    for _ in range(300):
        one, other = first.draw(), second.draw()
        assert (one.kind, one.target, one.stay, one.leaving) == (other.kind, other.target, other.stay, other.leaving)


def test_a_request_carries_its_position_as_its_transport_does(mix):
    for kind, carried in [("sse", f"Last-Event-ID: {POSITION}\r\n"), ("stream", f"&position={POSITION} HTTP"),
                          ("sse-json", f"&position={POSITION} HTTP"), ("polls", f"&position={POSITION} HTTP")]:
        plan = mix.draw()
        while plan.kind != kind:
            plan = mix.draw()
        plan.position = None
        assert carried in plan.request(POSITION).decode()
        assert "osition=" not in plan.request().decode() and "Last-Event-ID" not in plan.request().decode()


@pytest.mark.parametrize("received, position", [
    (b"event: a\ndata: x\nid: 1-1.AAAAAA\n\nid: 2-1.AAAAAA\n\n", "2-1.AAAAAA"),
    (b"event: a\ndata: x\nid: 1-1.AAAAAA\n\nid: 2-1.AA", "1-1.AAAAAA"),
    (b'{"channel":"a","position":"1-1.AAAAAA","data":1}\n{"position":"2-1.AAAAAA"}\n', "2-1.AAAAAA"),
    (b'HTTP/1.1 200 OK\r\n\r\n{"position":"2-1.AAAAAA","events":[{"channel":"a","position":"1-1.AAAAAA"}]}\n',
     "2-1.AAAAAA"),
    (b"", None), (b"id: cut", None)])
def test_where_a_session_stands_is_found(mix, received, position):
    assert mix.positions.take(received) == position


def test_each_place_is_another_position(mix):
    found = {place: mix.positions.at(place) for place in PLACES}
    assert found["none"] is None and found["recent"] == found["old"] == POSITION
    assert found["durable"] == "1795387126259-3.OD24Y0"
    assert found["other worker"] == "1795387126259-3.OD24Y0~0123456789abcdef.13"
    assert found["other era"] == "1795387126259-3.0Y42DO"
    assert found["ahead"] == "1795473526259-0.OD24Y0"


def test_a_status_is_read():
    assert status_in(b"HTTP/1.1 404 Not Found\r\n") == 404
    assert status_in(b"") == status_in(b"HTTP/1.1 nonsense") == 0


def test_a_short_soak_works(tmp_path):
    """Twenty-four seconds tell nothing of memory: it is still filling. That everything was done, and is let go, they do."""
    done = subprocess.run(
        [CHAOS, "soak", "--sessions", "3000", "--minutes", "0.4", "--held", "100", "--peak", "300", "--channels", "200",
         "--untimed", "--keep", "--json", "-"], capture_output=True, text=True, timeout=120,
        env={**os.environ, "HALLEY_BIN": binary(), "TMPDIR": str(tmp_path)})
    assert done.stdout, done.stderr
    outcome = json.loads(done.stdout)
    assert all("memory" in reason or "MiB" in reason for reason in outcome["reasons"]), done.stderr
    assert done.returncode == (1 if outcome["reasons"] else 0)
    assert outcome["sessions"] > 500 and outcome["published"] > 2_000 and outcome["polls"] > 100
    assert set(outcome["kinds"]) == set(KINDS) and set(outcome["places"]) == set(PLACES)
    assert {"200", "400", "404", "torn: 408"} <= set(outcome["statuses"])
    assert {"end", "reset", "ended", "stopped: cut off"} <= set(outcome["ends"])
    assert len(outcome["course"]["levels"]) == 3 and outcome["course"]["levels"][-1] < 100
    assert outcome["end"]["channels"] == outcome["end"]["connections"] == 0
