"""A short pass of `cluster/chaos`: the program itself, its exit status and its result. The long one is run by hand."""

import json
import os
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
def environment(tmp_path):
    return {**os.environ, "HALLEY_BIN": binary(), "TMPDIR": str(tmp_path)}


def must_be_clean(status, result, text):
    assert status == 0 and result["passed"], text
    assert result["received"] > 2_000 and result["acknowledged"] > 800
    for kind in ("lost", "undeclared", "duplicated", "out_of_order", "phantom", "gaps"):
        assert result[kind] == 0, text


@pytest.mark.parametrize("fault", ["pubsub-cut", "redis-kill-aof-always"])
def test_nothing_is_lost_in_silence(environment, fault, tmp_path):
    must_be_clean(*chaos(environment, fault, *SMALL))
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_nothing_is_lost_with_a_worker_and_a_spoilt_record_is_found_out(environment):
    """The same judge, on the records of a real run from which one event was taken afterwards."""
    status, result, text = chaos(environment, "worker-kill", *SMALL, "--keep")
    must_be_clean(status, result, text)
    path = Path(result["folder"]) / "received-1.jsonl"
    first, *others = path.read_text().splitlines()
    record = json.loads(first)
    events = [index for index, entry in enumerate(record["entries"]) if entry[0] == "event" and entry[4]]
    record["entries"].pop(events[-1])
    path.write_text("\n".join([json.dumps(record), *others]) + "\n")
    status, result, _ = chaos(environment, "--judge", result["folder"], "--json", "-")
    assert status == 1 and result["undeclared"] == 1 and not result["passed"]
