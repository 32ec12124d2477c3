"""The resume storm: what finds out that a client was not served exactly, and a small storm on a real cluster."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from log_reads import reads_in
from processes import binary
from storm import reasons
from storm_client import Chunks
from storm_ledger import Ledger, compared

CHAOS = Path(__file__).resolve().parents[2] / "cluster" / "chaos"


@pytest.fixture
def ledger():
    """Six events in turn on two channels."""
    filled = Ledger()
    for number in range(6):
        filled.add("ab"[number % 2], f"{1_000 + number}-0")
    return filled


def test_owed_is_what_lies_after_the_position_in_one_order(ledger):
    assert ledger.owed(["a", "b"], "1001-0") == [2, 3, 4, 5]
    assert ledger.owed(["a"], "1001-0") == [2, 4]
    assert ledger.owed(["nothing"], "1-0") == []
    assert ledger.newest(["a", "nothing"]) == 4 and ledger.newest(["nothing"]) is None


@pytest.mark.parametrize("received, faults", [
    ([1, 2, 3, 4], {}),
    ([1, 2, 4], {"lost": 1}),
    ([1, 2, 3], {"lost": 1}),
    ([], {"lost": 4}),
    ([1, 2, 2, 3, 4], {"duplicated": 1}),
    ([1, 3, 2, 4], {"out of order": 1}),
    ([1, 2, 3, 4, 1], {"duplicated": 1, "out of order": 1}),
    ([0, 1, 2, 3, 4], {"phantom": 1}),
    ([1, 2, 3, 4, 5], {"phantom": 1}),
    ([1, 2, 2, 4], {"lost": 1, "duplicated": 1}),
])
def test_what_was_received_is_held_against_it(received, faults):
    assert compared(received, [1, 2, 3, 4]) == faults


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1_000])
def test_chunks_come_apart_however_they_are_cut(step):
    body = b"5\r\nhello\r\nc\r\n, and\r\nworld\r\n1\r\n!\r\n0\r\n\r\n"
    chunks, buffer, content = Chunks(True), bytearray(), b""
    for start in range(0, len(body), step):
        buffer += body[start:start + step]
        content += chunks.take(buffer)
    assert content == b"hello, and\r\nworld!" and chunks.has_ended


def test_log_reads_are_counted_by_channel():
    def entry(*arguments):
        return [1, 1_700_000_000, 12, [argument.encode() for argument in arguments], b"127.0.0.1:5", b""]

    entries = [entry("FCALL", "halley_read", "1", "halley/log/a", "1-0", "256", "262144")] * 2 + [
        entry("fcall", "halley_read", "1", "halley/log/b/c", "1-0", "256", "262144"),
        entry("FCALL", "halley_publish", "1", "halley:a", "payload"), entry("PING")]
    assert reads_in(entries, "halley/log/") == {"a": 2, "b/c": 1}


def result(**changes):
    phase = {"clients": 10, "behind": 0, "reads of each shared log": [2, 1]}
    sound = {"lost": 0, "duplicated": 0, "out_of_order": 0, "phantom": 0, "troubles": 0, "join": dict(phase),
             "resume": {**phase, "seconds": {"most": 3.0}, "least missed": 100}, "final": dict(phase)}
    for name, change in changes.items():
        sound[name] = {**sound[name], **change} if isinstance(change, dict) else change
    return sound


@pytest.mark.parametrize("changes, count", [
    ({}, 0), ({"lost": 1}, 1), ({"duplicated": 1, "troubles": 2}, 2), ({"resume": {"behind": 1}}, 1),
    ({"resume": {"clients": 0}}, 1), ({"resume": {"least missed": 99}}, 1), ({"resume": {"seconds": {"most": 15.1}}}, 1),
    ({"join": {"reads of each shared log": [2, 9]}}, 1)])
def test_whatever_isnt_exact_fails(changes, count):
    assert len(reasons(result(**changes))) == count


def test_a_small_storm_passes(tmp_path):
    done = subprocess.run(
        [CHAOS, "storm", "--clients", "600", "--shared", "4", "--untimed", "--json", "-"], capture_output=True, text=True,
        timeout=120, env={**os.environ, "HALLEY_BIN": binary(), "TMPDIR": str(tmp_path)})
    assert done.stdout, done.stderr
    outcome = json.loads(done.stdout)
    assert done.returncode == 0 and outcome["passed"], done.stderr
    assert outcome["resume"]["clients"] > 200 and outcome["received"] > 600 * 200
    assert not list(tmp_path.iterdir()), "nothing is left behind"
