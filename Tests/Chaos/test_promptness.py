"""Times are taken from where they begin to where they end."""

from promptness import Spread, cut_off, delivery_back, on_the_way, receiving_again
from record import ANSWERED, PEER, SELF, Publication, Record


def record(*entries, habit="steady"):
    return Record("sse-1", "sse", habit, ["a"], [list(entry) for entry in entries])


def opened(when):
    return "open", when, "worker-1", None, None


def event(when, number=1):
    return "event", when, "a", number, None


def ended(when, why=PEER):
    return "end", when, why


def acknowledged(number, when):
    return Publication(number, "a", 0, attempts=[when], acknowledgements=[[when, "1-0"]])


def test_receiving_again_counts_from_the_strike():
    heard = record(opened(0.0), event(1.0), ended(10.5), opened(11.5), event(12.0), event(13.0))
    assert receiving_again([heard], [10.0]) == Spread(1, 2.0, 2.0, 2.0)
    assert receiving_again([heard], [10.0, 10.4, 99.0]).most == 1.6


def test_receiving_again_counts_from_the_cut_where_no_strike_was():
    heard = record(opened(0.0), ended(30.0), opened(31.0), ended(32.0), opened(33.0), event(33.5))
    assert receiving_again([heard], [1.0]).most == 3.5


def test_who_leaves_or_sleeps_doesnt_count():
    heard = [record(opened(0.0), ended(1.0, SELF), opened(9.0), event(10.0)),
             record(opened(0.0), ended(1.0, ANSWERED), opened(9.0), event(10.0)),
             record(opened(0.0), ended(1.0), opened(9.0), event(10.0), habit="slow")]
    assert receiving_again(heard, [0.5]) is None
    assert cut_off(heard) == 1


def test_delivery_back_is_that_of_the_first_event_published_after():
    sent = [acknowledged(1, 4.0), acknowledged(2, 5.5), acknowledged(3, 6.0)]
    heard = record(opened(0.0), event(5.9, 1), event(6.2, 2), event(9.0, 3))
    assert delivery_back(sent, [heard], [5.0]).most == 0.7
    assert delivery_back(sent, [record(opened(7.0), event(9.0, 3))], [5.0]) is None


def test_on_the_way():
    sent = [acknowledged(1, 4.0), acknowledged(2, 5.0)]
    heard = [record(event(4.5, 1), event(4.9, 2)), record(event(7.0, 1), habit="flapping")]
    assert on_the_way(sent, heard) == Spread(2, 0.5, 0.5, 0.5)
