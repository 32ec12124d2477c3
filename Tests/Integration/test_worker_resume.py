"""A client that comes back to the same worker misses nothing, as long as the channel's ring reaches."""

import time

from clients import EventStream, LineStream, LongPoller
from waiting import eventually


def test_an_eventsource_that_comes_back_gets_what_it_missed(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        redis.publish(channel, "seen")
        assert stream.next().data == "seen"
        position = stream.last_event_id
    redis.pipeline([("PUBLISH", f"halley:{channel}", f"missed {number}") for number in range(20)])
    with EventStream(worker.address, channel, last_event_id=position) as stream:
        assert stream.headers["Halley-Resume"] == "complete"
        redis.publish(channel, "live")
        assert [event.data for event in stream.take(21)] == [f"missed {number}" for number in range(20)] + ["live"]


def test_an_eventsource_that_saw_no_event_resumes_from_where_it_stood(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    redis.publish(channel, "the first ever")
    with EventStream(worker.address, channel, last_event_id=position) as stream:
        assert stream.next().data == "the first ever"


def test_a_stream_resumes_by_query(worker, redis, channel):
    with LineStream(worker.address, channel) as lines:
        redis.publish(channel, "1")
        position = lines.next()["position"]
    redis.publish(channel, "2")
    with LineStream(worker.address, channel, position=position) as lines:
        assert lines.next()["data"] == 2


def test_the_header_wins_over_the_query(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        redis.pipeline([("PUBLISH", f"halley:{channel}", number) for number in range(3)])
        first, second, _ = stream.take(3)
    with EventStream(worker.address, channel, last_event_id=second.id, position=first.id) as stream:
        assert stream.next().data == "2"


def test_positions_are_good_for_any_transport(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        redis.publish(channel, "1")
        position = stream.next().id
    redis.publish(channel, "2")
    poller = LongPoller(worker.address, channel)
    poller.position = position
    assert [event["data"] for event in poller.poll()] == [2]
    redis.publish(channel, "3")
    with LineStream(worker.address, channel, position=poller.position) as lines:
        assert lines.next()["data"] == 3


def test_a_long_poller_misses_nothing_between_polls(worker, redis, channel):
    poller = LongPoller(worker.address, channel)
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        poller.position = stream.last_event_id
    received = []
    for number in range(40):
        redis.publish(channel, str(number))
        if number % 3 == 0:
            received += poller.poll()
    received += poller.until(40 - len(received)) if len(received) < 40 else []
    assert [event["data"] for event in received] == list(range(40))


def test_backlogs_of_several_channels_are_merged_in_publish_order(worker, redis, channel):
    names = [f"{channel}.{letter}" for letter in "abc"]
    with EventStream(worker.address, *names) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    sent = [(names[number * 5 % 3], str(number)) for number in range(300)]
    redis.pipeline([("PUBLISH", f"halley:{name}", text) for name, text in sent])
    with EventStream(worker.address, *names, last_event_id=position) as stream:
        assert [(event.type, event.data) for event in stream.take(300)] == sent


def test_a_backlog_and_live_events_join_without_gap_or_repeat(worker, redis, channel):
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    redis.pipeline([("PUBLISH", f"halley:{channel}", number) for number in range(500)])
    with EventStream(worker.address, channel, last_event_id=position) as stream:
        redis.pipeline([("PUBLISH", f"halley:{channel}", number) for number in range(500, 1_000)])
        assert [int(event.data) for event in stream.take(1_000)] == list(range(1_000))


def test_a_ring_that_reaches_back_no_more_is_told_and_gives_what_it_has(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, ring_events=10)
    redis = own_redis.client()
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    redis.pipeline([("PUBLISH", f"halley:{channel}", number) for number in range(30)])
    with EventStream(worker.address, channel, last_event_id=position) as stream:
        assert stream.headers["Halley-Resume"] == "durable-only"
        redis.publish(channel, "30")
        received = [int(stream.next().data)]
        while received[-1] != 30:
            received.append(int(stream.next().data))
        assert received == list(range(31 - len(received), 31))
        assert len(received) <= 11


def test_a_ring_is_bounded_in_bytes_too(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, ring_bytes=100_000)
    redis = own_redis.client()
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    for _ in range(20):
        redis.publish(channel, "x" * 20_000)
    with EventStream(worker.address, channel, last_event_id=position) as stream:
        assert stream.headers["Halley-Resume"] == "durable-only"
        redis.publish(channel, "end")
        kept = 0
        while stream.next().data != "end":
            kept += 1
        assert kept <= 5


def test_another_starts_cursor_is_worth_its_durable_part_alone(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    with EventStream(worker.address, channel) as stream:
        stream.until(lambda parser: parser.last_event_id)
        position = stream.last_event_id
    other = start_worker(own_redis.url, number=2)
    with EventStream(other.address, channel, last_event_id=position) as stream:
        assert stream.headers["Halley-Resume"] == "durable-only"
        own_redis.client().publish(channel, "goes on")
        assert stream.next().data == "goes on"


def test_a_fresh_client_gets_nothing_old(worker, redis, channel):
    with EventStream(worker.address, channel) as first:
        redis.publish(channel, "old")
        assert first.next().data == "old"
        with EventStream(worker.address, channel) as second:
            redis.publish(channel, "new")
            assert second.next().data == "new"


def test_a_subscription_lives_exactly_while_it_is_wanted(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, linger_ms=700)
    redis = own_redis.client()
    assert redis.subscribers(channel) == 0
    first = EventStream(worker.address, channel)
    second = EventStream(worker.address, channel, channel + ".other")
    assert (redis.subscribers(channel), redis.subscribers(channel + ".other")) == (1, 1)
    first.close()
    redis.publish(channel, "still")
    assert second.next().data == "still"
    left = time.monotonic()
    second.close()
    eventually(lambda: redis.subscribers(channel) == 0, what="unsubscribed after the linger")
    assert time.monotonic() - left >= 0.6, "the linger was cut short"
    eventually(lambda: redis.subscribers(channel + ".other") == 0)
    with EventStream(worker.address, channel) as third:
        assert redis.subscribers(channel) == 1
        redis.publish(channel, "again")
        assert third.next().data == "again"


def test_the_linger_begins_anew_with_every_visit(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url, linger_ms=700)
    redis = own_redis.client()
    end = time.monotonic() + 1.6
    while time.monotonic() < end:
        with EventStream(worker.address, channel):
            assert redis.subscribers(channel) == 1
        assert redis.subscribers(channel) == 1
