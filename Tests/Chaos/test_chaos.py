"""A short pass of `cluster/chaos`: the program itself, its exit status and its result. The long one is run by hand."""

import json
import subprocess
from pathlib import Path

import pytest

from processes import binary

CHAOS = Path(__file__).resolve().parents[2] / "cluster" / "chaos"
SMALL = ("--seconds", "6", "--subscribers", "300", "--channels", "100", "--rate", "150", "--untimed", "--json", "-")


def chaos(environment, *arguments):
    """(exit status, the only result)"""
    done = subprocess.run([CHAOS, *arguments], capture_output=True, text=True, timeout=120, env=environment)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)[0], done.stderr


@pytest.fixture
def environment(monkeypatch, tmp_path):
    import os

    monkeypatch.setenv("HALLEY_BIN", binary())
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return dict(os.environ)


@pytest.mark.parametrize("fault", ["worker-kill", "pubsub-cut", "redis-kill-aof-always"])
def test_nothing_is_lost_in_silence(environment, fault):
    status, result, text = chaos(environment, fault, *SMALL)
    assert status == 0 and result["passed"], text
    assert result["received"] > 2_000 and result["acknowledged"] > 800
    for kind in ("lost", "undeclared", "duplicated", "out_of_order", "phantom", "gaps"):
        assert result[kind] == 0, text
    assert not result["folder"], "nothing is left behind"


def test_a_spoilt_record_fails_the_run(environment):
    """The same judge, on the records of a real run from which one event was taken."""
    _, result, text = chaos(environment, "none", *SMALL, "--keep")
    assert result["passed"], text
    path = Path(result["folder"]) / "received-1.jsonl"
    first, *others = path.read_text().splitlines()
    record = json.loads(first)
    events = [index for index, entry in enumerate(record["entries"]) if entry[0] == "event" and entry[4]]
    record["entries"].pop(events[-1])
    path.write_text("\n".join([json.dumps(record), *others]) + "\n")
    status, result, _ = chaos(environment, "--judge", result["folder"], "--json", "-")
    assert status == 1 and result["undeclared"] == 1 and not result["passed"]
