"""A bad value stops the start with one clear line; two clusters share one Redis under two names."""

import pytest

from clients import EventStream, events_path
from cluster import Worker, halley
from http_wire import request
from more_clients import Frame
from waiting import eventually

BAD = {
    "listen without a port": ("worker", "--listen", "127.0.0.1"),
    "a port out of range": ("worker", "--listen", "127.0.0.1:65536"),
    "a redis that is none": ("worker", "--redis", "http://x"),
    "a redis port that is none": ("worker", "--redis", "redis://127.0.0.1:x"),
    "a cluster's name": ("worker", "--name", "a:b"),
    "an empty name": ("worker", "--name", ""),
    "a worker's id": ("worker", "--id", "worker 1"),
    "no connections": ("worker", "--max-connections", "0"),
    "text for a number": ("worker", "--heartbeat-ms", "15s"),
    "a negative number": ("worker", "--linger-ms=-1",),
    "a number too large": ("worker", "--ring-events", "99999999999999999999"),
    "a level": ("worker", "--log-level", "loud"),
    "a short ticket key": ("worker", "--ticket-keys", "aabb"),
    "a ticket key that is no hex": ("worker", "--ticket-keys", "x" * 64),
    "worker: an origin": ("worker", "--allow-origin", "https://x/path"),
    "worker: no origin": ("worker", "--allow-origin", "null"),
    "worker: a public URL": ("worker", "--public-url", "push.localhost"),
    "an unknown flag": ("worker", "--frobnicate", "1"),
    "coordinator: a public URL": ("coordinator", "--public-url", "push.localhost"),
    "coordinator: a router": ("coordinator", "--router", "http://127.0.0.1"),
    "coordinator: ticket seconds": ("coordinator", "--ticket-seconds", "0"),
    "coordinator: an origin": ("coordinator", "--allow-origin", "https://x/path"),
    "publish: a channel": ("publish", "new*s", "x"),
    "publish: no channel": ("publish",),
    "publish: no history": ("publish", "--history", "0", "news", "x"),
    "publish: a key too long": ("publish", "--key", "k" * 129, "news", "x"),
    "publish: a key too long for lines": ("publish", "--key", "k" * 118, "news", "-"),
    "publish: a live event that is kept": ("publish", "--live", "--ttl-ms", "5", "news", "x"),
    "coordinator: no retention": ("coordinator", "--retention-ms", "0"),
    "no such command": ("frobnicate",),
}


def is_one_clear_line(code, output, error):
    assert code not in (0, None) and code < 128, (code, output, error)
    assert output == ""
    assert error.startswith("halley: ") and error.count("\n") == 1, error
    return True


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_a_bad_value_stops_the_start(arguments):
    assert is_one_clear_line(*halley(*arguments))


def test_a_bad_value_from_the_environment_stops_the_start_and_is_named():
    code, output, error = halley("worker", environment={"HALLEY_HEARTBEAT_MS": "soon"})
    assert is_one_clear_line(code, output, error)
    assert "heartbeat" in error.lower() and "soon" in error


def test_switches_come_from_the_environment_as_well(own_redis, start_worker, channel):
    worker = start_worker(own_redis.url)
    assert frame_status(worker, channel) == 403
    worker.kill()
    worker.environment.update({"HALLEY_OPEN": "true", "HALLEY_NO_JSONP": "true", "HALLEY_ALLOW_ORIGIN": ""})
    worker.start()
    assert frame_status(worker, channel) == 200
    assert request(worker.address, "GET", events_path(channel, callback="cb")).status == 400


def frame_status(worker, channel):
    with Frame(worker.address, channel, origin="http://localhost:3000") as frame:
        return frame.status


def test_the_command_line_wins_over_the_environment(own_redis, directory, channel):
    worker = Worker(directory, own_redis.url)
    worker.environment.update({"HALLEY_LISTEN": "127.0.0.1:1", "HALLEY_ID": "from-the-environment", "HALLEY_HEARTBEAT_MS": "1000"})
    try:
        worker.start()
        assert worker.health("live").json()["worker"] == "worker-1"
        with EventStream(worker.address, channel) as stream:
            stream.until(lambda parser: parser.moves + parser.comments >= 2, within=8)
    finally:
        worker.kill()


def test_a_port_that_is_taken_is_told(own_redis, start_worker):
    worker = start_worker(own_redis.url)
    code, _, error = halley("worker", "--listen", f"127.0.0.1:{worker.port}", "--redis", own_redis.url)
    assert code not in (0, None) and code < 128, (code, error)
    assert str(worker.port) in error, error
    assert worker.health().status == 200


def test_publish_without_redis_says_so_and_fails():
    code, output, error = halley("publish", "--redis", "redis://127.0.0.1:1", "news", "x")
    assert is_one_clear_line(code, output, error)
    code, output, error = halley("status", "--redis", "redis://127.0.0.1:1")
    assert is_one_clear_line(code, output, error)


def test_help_and_version():
    code, output, error = halley("--version")
    assert (code, error) == (0, "") and output.strip()
    for command in ["worker", "coordinator", "publish", "status"]:
        code, output, error = halley(command, "--help")
        assert code == 0 and command in output, error


def test_two_clusters_on_one_redis_never_meet(own_redis, start_worker, channel):
    one = start_worker(own_redis.url, number=1, name="blue")
    two = start_worker(own_redis.url, number=2, name="green")
    redis = own_redis.client()
    with EventStream(one.address, channel) as blue, EventStream(two.address, channel) as green:
        assert (redis.subscribers(channel, "blue"), redis.subscribers(channel, "green")) == (1, 1)
        redis.publish(channel, "for blue", "blue")
        redis.publish(channel, "for green", "green")
        assert blue.next().data == "for blue"
        assert green.next().data == "for green"
        code, output, error = halley("publish", "--redis", own_redis.url, "--name", "green", channel, "again")
        assert code == 0, error
        redis.publish(channel, "end", "blue")
        assert green.next().data == "again"
        assert blue.next().data == "end"
    eventually(lambda: redis("SMEMBERS", "blue/workers") == [b"worker-1"])
    eventually(lambda: redis("SMEMBERS", "green/workers") == [b"worker-2"])
    assert all(key.startswith((b"blue/", b"green/")) for key in redis("KEYS", "*"))
    code, output, _ = halley("status", "--redis", own_redis.url, "--name", "blue")
    assert "worker-1" in output and "worker-2" not in output


def test_a_functions_library_that_is_newer_is_left_alone(own_redis, start_worker):
    redis = own_redis.client()
    first = start_worker(own_redis.url)
    version = redis("FCALL", "halley_version", 0)
    first.kill()
    redis("FUNCTION", "LOAD", "REPLACE", library_of_version(redis, version + 1))
    start_worker(own_redis.url, number=2)
    assert redis("FCALL", "halley_version", 0) == version + 1


def test_a_functions_library_that_is_older_or_gone_is_loaded(own_redis, start_worker):
    redis = own_redis.client()
    first = start_worker(own_redis.url)
    version = redis("FCALL", "halley_version", 0)
    first.kill()
    redis("FUNCTION", "LOAD", "REPLACE", library_of_version(redis, version - 1))
    second = start_worker(own_redis.url, number=2)
    assert redis("FCALL", "halley_version", 0) == version
    redis("FUNCTION", "FLUSH")
    eventually(lambda: second.health().status in (200, 503))


def library_of_version(redis, version):
    """The loaded library, telling another version."""
    for library in redis("FUNCTION", "LIST", "LIBRARYNAME", "halley", "WITHCODE"):
        fields = dict(zip(library[::2], library[1::2]))
        code = fields[b"library_code"].decode()
        current = redis("FCALL", "halley_version", 0)
        changed = code.replace(f"local version = {current}\n", f"local version = {version}\n")
        assert changed != code, "the version wasn't found in the library's code"
        return changed
    raise AssertionError("no library")
