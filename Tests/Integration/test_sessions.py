"""What a client is given at the apex, and that it leads to events."""

import time
from urllib.parse import parse_qsl, urlsplit

import pytest

import tickets
from clients import EventStream, LineStream, LongPoller, events_path, split_url
from cluster import Cluster, Coordinator, halley
from http_wire import request
from waiting import eventually


def follow(cluster, path, headers=None, host="push.localhost", hops=3):
    """Like `curl -L`: (the last hop's host with port, its target)."""
    authority = f"{host}:{cluster.router.port}"
    for _ in range(hops):
        response = request(cluster.address, "GET", path, authority, headers)
        assert response.status == 307, response
        hostname, port, path = split_url(response.headers["Location"])
        authority = f"{hostname}:{port}"
        if hostname != host:
            return authority, path
    raise AssertionError("no end of redirects")


def test_a_session_has_all_that_a_client_needs(cluster):
    session = cluster.session("news", "user.42")
    assert set(session) >= {"session", "shard", "url", "ticket", "expiresIn"}
    assert len(session["session"]) == 32
    label, _, lane = session["shard"].partition("-")
    assert label[0] == "s" and 0 <= int(label[1:]) < 64 and lane.isalpha()
    assert 3_500 < session["expiresIn"] <= 3_600
    url = urlsplit(session["url"])
    assert url.netloc == f"{session['shard']}.push.localhost:{cluster.router.port}"
    assert url.path == "/events"
    query = parse_qsl(url.query)
    assert [value for key, value in query if key == "channel"] == ["news", "user.42"]
    assert dict(query)["ticket"] == session["ticket"]


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*"])
def test_its_url_works_as_it_is(cluster, channel, accept):
    host, port, path = split_url(cluster.session(channel)["url"])
    with LineStream(cluster.address, path=path, host=f"{host}:{port}", headers={"Accept": accept}) as held:
        assert held.status == 200
        shard = host.split("-")[0]
        assert held.headers["Halley-Worker"] == cluster.shards()["shards"][shard]
        cluster.publish(channel, "arrives")
        deadline = time.monotonic() + 5
        text = b""
        while b"arrives" not in text:
            text += held.read(deadline)


def test_a_ticket_admits_to_its_sessions_channels_alone(cluster, channel):
    host, port, path = split_url(cluster.session(channel)["url"])
    assert request(cluster.address, "GET", path + "&channel=other", f"{host}:{port}").status == 403


def test_channels_may_come_by_query_and_the_body_may_be_empty(cluster, channel):
    response = request(cluster.address, "POST", f"/session?channel={channel}", "push.localhost")
    assert response.status == 200
    assert f"channel={channel}" in response.json()["url"]
    assert response.headers["Cache-Control"].startswith("no-store")
    anything = request(cluster.address, "POST", "/session", "push.localhost")
    assert anything.status == 200
    host, port, path = split_url(anything.json()["url"])
    with EventStream(cluster.address, path=f"{path}&channel={channel}", host=f"{host}:{port}") as stream:
        assert stream.status == 200


def test_sessions_are_spread_over_shards_and_lanes(cluster):
    labels = [cluster.session("x")["shard"] for _ in range(64)]
    shards = [label.split("-")[0] for label in labels]
    for start in range(0, 64 - 16):
        assert len(set(shards[start:start + 16])) == 16, "sixteen sessions in a row have sixteen hostnames"
    assert len({label.split("-")[1] for label in labels}) >= 10
    assert max(shards.count(shard) for shard in shards) <= 6


def test_the_apex_redirects_like_curl_follows(cluster, channel):
    authority, path = follow(cluster, f"/events?channel={channel}&format=json")
    assert "format=json" in path and "ticket=" in path
    with LineStream(cluster.address, path=path, host=authority) as lines:
        assert lines.status == 200
        cluster.publish(channel, '{"hello":"world"}')
        assert lines.next()["data"] == {"hello": "world"}


def test_redirects_are_readable_across_origins(cluster):
    response = request(cluster.address, "GET", "/events?channel=x", "push.localhost", {"Origin": "null"})
    assert response.headers.get("Access-Control-Allow-Origin") in ("*", None) or response.status == 403
    own = request(cluster.address, "GET", "/events?channel=x", f"push.localhost:{cluster.router.port}",
                  {"Origin": f"http://push.localhost:{cluster.router.port}"})
    assert own.status == 307
    assert own.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in own.headers


def test_a_long_poll_loop_through_the_apex(cluster, channel):
    authority, path = follow(cluster, f"/events?channel={channel}", {"Accept": "application/json"})
    query = [pair for pair in parse_qsl(urlsplit(path).query) if pair[0] == "ticket"]
    poller = LongPoller(cluster.address, channel, host=authority, **dict(query))
    with EventStream(cluster.address, path=path, host=authority) as stream:
        stream.until(lambda parser: parser.last_event_id)
        poller.position = stream.last_event_id
    cluster.publish(channel, "one")
    assert [event["data"] for event in poller.poll()] == ["one"]
    cluster.publish(channel, "two")
    assert [event["data"] for event in poller.poll()] == ["two"]


def test_a_ticket_that_has_expired_is_renewed_on_the_way(directory, channel):
    """What an EventSource meets that reconnects after its ticket's end: 307 to the apex, 307 back, same session."""
    flags = {"ticket_keys": tickets.KEY}
    cluster = Cluster(directory, workers=1, worker_flags=flags, coordinator_flags=flags).start()
    try:
        authority = f"s17-c.push.localhost:{cluster.router.port}"
        old = tickets.ticket(channel, seconds=-3_000, label="s17-c")
        path = events_path(channel, ticket=old, format="json")
        for _ in range(2):
            with EventStream(cluster.address, path=path, host=authority) as stream:
                assert stream.status == 307
                host, port, path = split_url(stream.headers["Location"])
                authority = f"{host}:{port}"
        assert authority == f"s17-c.push.localhost:{cluster.router.port}", "the session keeps its hostname"
        renewed = dict(parse_qsl(urlsplit(path).query))
        assert renewed.pop("ticket").split(".")[0] != old.split(".")[0]
        assert renewed == {"channel": channel, "format": "json"}
        with EventStream(cluster.address, path=path, host=authority) as stream:
            assert stream.status == 200
            cluster.publish(channel, "renewed")
            assert "renewed" in stream.next().data

        # Longer ago than an hour it is no session any more: a clear refusal.
        path = events_path(channel, ticket=tickets.ticket(channel, seconds=-3_700))
        assert request(cluster.address, "GET", path, f"push.localhost:{cluster.router.port}").status == 401
    finally:
        cluster.stop()


def test_publish_over_http(cluster, channel):
    admin = cluster.coordinators[0].admin
    with LineStream(cluster.address, channel, host="s1.push.localhost") as one, \
            LineStream(cluster.address, channel, host="s1-z.push.localhost") as two:
        response = request(admin, "POST", f"/publish?channel={channel}&live=true", "127.0.0.1", body=b'{"a":1}')
        assert response.status == 200
        assert response.json() == {"receivers": 1}, "one worker has both"
        assert one.next()["data"] == two.next()["data"] == {"a": 1}
        response = request(admin, "POST", f"/publish?channel={channel}", "127.0.0.1", body=b'{"a":2}')
        assert response.status == 200
        events = one.next(), two.next()
        assert [event["data"] for event in events] == [{"a": 2}] * 2
        assert {event["id"] for event in events} == {response.json()["id"]}
    nobody = request(admin, "POST", "/publish?channel=nobody.is.here&live=true", "127.0.0.1", body=b"x")
    assert nobody.json() == {"receivers": 0}
    binary = request(admin, "POST", f"/publish?channel={channel}", "127.0.0.1", body=b"\xff\x00\r\n")
    assert binary.status == 200


def test_halley_publish_and_status(cluster, channel):
    with LineStream(cluster.address, channel, host="s2.push.localhost") as lines:
        code, output, error = halley("publish", "--redis", cluster.redis.url, channel, '{"a":"b c"}')
        assert code == 0, error
        event = lines.next()
        assert (event["data"], event["id"]) == ({"a": "b c"}, output.strip())
        code, output, error = halley("publish", "--redis", cluster.redis.url, "--live", channel, "live")
        assert (code, output.strip()) == (0, "1"), error
        event = lines.next()
        assert event["data"] == "live" and "id" not in event
        text = "".join(f"line {number}\n" for number in range(1_000))
        code, _, error = halley("publish", "--redis", cluster.redis.url, channel, "-", stdin=text.encode())
        assert code == 0, error
        assert [event["data"] for event in lines.take(1_000)] == [f"line {number}" for number in range(1_000)]
        code, _, error = halley("publish", "--redis", cluster.redis.url, channel, "-", stdin=b"\xff\xfe\n\nlast")
        assert code == 0, error
        first, empty, last = lines.take(3)
        assert (empty["data"], last["data"]) == ("", "last")
        assert (first["data"], first.get("encoding")) == ("//4=", "base64"), "bytes are published as they are"

    code, output, error = halley("status", "--redis", cluster.redis.url)
    assert code == 0, error
    for word in ["worker-1", "worker-2", "worker-3", "coordinator-1", cluster.shards()["generation"]]:
        assert word in output, output


def test_shards_tells_the_whole_map(cluster):
    shards = cluster.shards()
    assert shards["leader"] == "coordinator-1"
    assert set(shards["shards"]) == {f"s{number}" for number in range(64)}
    assert {worker["id"] for worker in shards["workers"]} == set(cluster.workers)
    for worker in shards["workers"]:
        assert worker["address"] == f"127.0.0.1:{cluster.workers[worker['id']].port}"
        assert worker["state"] == "ready"
        assert worker["shards"] in (21, 22)
        assert worker["version"] and worker["incarnation"]


def test_the_demo_page_is_served_with_a_policy(cluster):
    response = request(cluster.address, "GET", "/", "push.localhost")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert "default-src" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def is_refused_a_session(address, origin):
    response = request(address, "POST", "/session?channel=x", "push.localhost", {"Origin": origin})
    return response.status == 403 and "Access-Control-Allow-Origin" not in response.headers


def test_an_unknown_origin_gets_no_session(cluster):
    for origin in ["https://evil.example", "http://push.localhost.evil.example", "http://evil-localhost", "null"]:
        assert is_refused_a_session(cluster.address, origin), origin


def test_only_listed_origins_get_a_session_where_the_coordinator_is_not_open(own_redis, directory):
    coordinator = Coordinator(directory, own_redis.url, is_open=False, allow_origin="https://app.example")
    try:
        coordinator.start()
        for origin in [
            "http://evil-push.localhost", "https://push.localhost", "http://push.localhost:1", "http://localhost:3000", "null",
            "https://app.example.evil.com", "https://evil-app.example", "http://app.example", "https://app.example:444",
        ]:
            assert is_refused_a_session(coordinator.address, origin), origin
        for origin in ["https://app.example", "http://push.localhost"]:
            response = request(coordinator.address, "POST", "/session?channel=x", "push.localhost", {"Origin": origin})
            assert response.status == 200, (origin, response)
            assert response.headers.get("Access-Control-Allow-Origin", origin) == origin
    finally:
        coordinator.kill()


def test_publishing_isnt_public_unless_the_coordinator_is_open(own_redis, directory, channel):
    coordinator = Coordinator(directory, own_redis.url, is_open=False)
    try:
        coordinator.start()
        for path in ["/publish?channel=x", "/shards", "/health/ready", "/metrics"]:
            for method in ["GET", "POST"]:
                response = request(coordinator.address, method, path, "push.localhost", body=b"x" if method == "POST" else None)
                assert response.status in (404, 405), (method, path, response)
        assert request(coordinator.admin, "POST", "/publish?channel=x", "127.0.0.1", body=b"x").status == 200
        assert request(coordinator.address, "GET", "/health/live", "push.localhost").status == 200
        assert request(coordinator.address, "POST", "/session?channel=x", "push.localhost").status == 200
    finally:
        coordinator.kill()


def test_a_page_of_another_site_cannot_publish(cluster):
    admin = cluster.coordinators[0].admin
    for headers in [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]:
        response = request(admin, "POST", "/publish?channel=x", "127.0.0.1", headers, b"x")
        assert response.status == 403, (headers, response)
