"""A run that proves nothing doesn't pass: one whose fault reached nobody, or in which nothing was measured."""

import pytest

from evidence import Evidence
from faults import FAULTS
from record import PEER, Publication, Record
from verdict import Verdict


def evidence(fault, eras=("aaaaaa", "aaaaaa"), **details):
    """A run of one event and one subscriber, who heard it."""
    publications = [Publication(1, "a", 0, attempts=[1.0], acknowledgements=[[1.5, "1001-0"]])]
    record = Record("sse-1", "sse", "steady", ["a"], entries=[
        ["open", 0.5, "worker-1", None, None], ["event", 1.6, "a", 1, "1001-0"]])
    return Evidence(fault, publications, [record], first_era=eras[0], last_era=eras[1], **details)


def reasons(fault, *details, **named):
    return Verdict(FAULTS[fault], evidence(fault, *details, **named)).reasons


def test_where_nothing_was_to_happen_it_passes():
    assert reasons("none") == []


@pytest.mark.parametrize("fault, proof", [
    ("worker-stop", "cut"), ("redis-flush", "era"), ("redis-power-loss", "gaps"), ("history-trim", "gaps"),
    ("router-restart", "cut")])
def test_a_fault_that_reached_nobody_fails(fault, proof):
    assert reasons(fault, strikes=[[1.2, "struck"]]) == [f"nothing happened: no {proof}"]


def test_a_limit_that_nothing_was_measured_for_fails():
    run = evidence("worker-kill", strikes=[[1.2, "worker-1 killed"]])
    run.records[0].entries.append(["end", 1.7, PEER])
    verdict = Verdict(FAULTS["worker-kill"], run)
    assert verdict.reasons == ["again p50: nothing was measured", "again p99: nothing was measured"]
    assert Verdict(FAULTS["worker-kill"], run, is_timed=False).passes


def test_a_publisher_that_never_got_an_answer_fails():
    run = evidence("none")
    run.publications.append(Publication(2, "b", 0, attempts=[2.0]))
    assert Verdict(FAULTS["none"], run).reasons == ["1 unanswered"]
