"""halley.js over each transport: what comes out is what was published."""

import json
import time

import pytest

from client_page import ALL, Client, publish_durable
from waiting import eventually

# Each a kind of trouble: line ends, what ends a script or a comment, what ends a line in old JavaScript, what a literal
# makes of its own, what SSE reads as fields, what isn't text.
KINDS = [
    lambda n: f"plain {n}",
    lambda n: json.dumps({"n": n, "text": "grüße"}),
    lambda n: "",
    lambda n: f"two\nlines {n}",
    lambda n: f"three\rline\r\nends {n}\n",
    lambda n: f"</script><!--<script>alert({n})</script>-->",
    lambda n: f"\u2028{n}\u2029",
    lambda n: f"🍪 {n} 👩‍🚀",
    lambda n: bytes([0xFF, 0x00, n % 256, 0x0A]),
    lambda n: " leading, trailing \t",
    lambda n: f"data: x\nid: {n}\nevent: error\n\n",
    lambda n: "null",
    lambda n: json.dumps([n, None, True, {"a": [1.5, -0.25, 1e21]}]),
    lambda n: '{"__proto__":{"n":%d},"\\u2028":"</script>"}' % n,
    lambda n: json.dumps("\r\n\u2028--halley\r\n" + str(n)),
    lambda n: f"--halley\r\nContent-Type: {n}\r\n\r\n",
    lambda n: f'{{"no":"json",{n}',
    lambda n: "\ufeffbom",
    lambda n: "\x00\x01\x1b",
    lambda n: "x" * 65_530 + str(n) if n % 5 == 4 else f"short {n}",
]
COUNT = 1_000


def payloads(count=COUNT):
    return [KINDS[n % len(KINDS)](n) for n in range(count)]


def expected(payload):
    """What the page shall have: the value of JSON, text, or bytes."""
    if isinstance(payload, bytes):
        return "bytes " + payload.hex()
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def shown(text):
    return text if text.startswith("bytes ") else json.loads(text)


def check(client, channel, sent):
    client.wait_count(len(sent))
    received = [shown(text) for text in client.data(channel)]
    for number, (is_, was) in enumerate(zip(received, map(expected, sent))):
        assert is_ == was, f"event {number}: {str(is_)[:200]!r} for {str(was)[:200]!r}"
    assert len(received) == len(sent)
    assert client.ask("seen.gaps") == [] and client.ask("seen.errors") == []


@pytest.fixture
def redis_of(cluster):
    redis = cluster.redis.client()
    yield redis
    redis.close()


@pytest.mark.parametrize("transport", ALL)
def test_through_the_router_all_payloads_arrive_as_they_were(blank, cluster, redis_of, channel, transport):
    client = Client(blank, cluster.url, [channel], transports=[transport]).wait_open(transport)
    sent = payloads()
    publish_durable(redis_of, channel, sent)
    check(client, channel, sent)
    assert client.transport == transport
    client.close()


@pytest.mark.parametrize("transport", ALL)
def test_from_a_worker_all_payloads_arrive_as_they_were(page, cluster, redis_of, channel, transport):
    worker = next(iter(cluster.workers.values()))
    url = f"http://127.0.0.1:{worker.port}"
    page.goto(url + "/health/live")
    # It gives no session, and says so.
    client = Client(page, url, [channel], module=cluster.url, transports=[transport]).wait_open(transport)
    sent = payloads()
    publish_durable(redis_of, channel, sent)
    check(client, channel, sent)
    client.close()


def test_another_transport_every_100_events(blank, cluster, redis_of, channel):
    """Durable and live ones in turn, while they are published: nothing is lost, nothing comes twice."""
    client = Client(blank, cluster.url, [channel], transports=["websocket"]).wait_open()
    client.ask("""halley.on('event', () => {
        if (seen.count % 100 === 0) halley.use(argument[seen.count / 100 % argument.length]);
    })""", ALL)
    numbers = range(1_400)
    for number in numbers:
        if number % 2:
            redis_of("FCALL", "halley_publish", 1, f"halley:{channel}", number)
        else:
            redis_of.publish(channel, number)
        if number % 20 == 0:
            blank.wait_for_timeout(20)  # a thousand a second, so that changes happen amid them
    eventually(lambda: client.data(channel)[-1:] == ["1399"], 20, "the last one is here")
    assert client.data(channel) == [str(number) for number in numbers]
    used = [transport for state, transport, _ in client.ask("seen.states") if state == "open"]
    assert set(used) == set(ALL)
    client.close()


def test_several_channels_on_one_connection_and_changes_while_it_runs(blank, cluster, redis_of, channel):
    a, b, c = (f"{channel}.{letter}" for letter in "abc")
    for transport in ["websocket", "sse", "long-poll"]:
        client = Client(blank, cluster.url, [a], transports=[transport]).wait_open(transport)
        assert client.ask("halley.channels") == [a]
        client.ask("""{
            seen.own = [];
            seen.off = halley.subscribe(argument[0], (data, event) => seen.own.push([data, event.channel]));
            halley.subscribe(argument[1]);
        }[0]""".replace("{", "(() => {", 1).replace("}[0]", "})()"), [b, c])

        def arrives(on):
            publish_durable(redis_of, on, ["x"])
            return any(one == on for one, _ in client.events)

        for on in (a, b, c):
            eventually(lambda: arrives(on), 10, f"{on} over {transport}", every=0.2)
        assert all(one == ["x", b] for one in client.ask("seen.own"))
        # The last listener takes the channel with it.
        client.ask("(seen.off(), halley.unsubscribe(argument))", c)
        assert client.ask("halley.channels") == [a]
        before = len(client.events)
        publish_durable(redis_of, b, ["gone"])
        publish_durable(redis_of, a, ["last"])
        eventually(lambda: (a, '"last"') in client.events, what=f"{a} goes on over {transport}")
        assert {on for on, _ in client.events[before:]} == {a}
        client.close()
        assert client.state == "closed"


def test_who_has_left_all_channels_begins_with_what_comes_from_then_on(blank, cluster, redis_of, channel):
    first, second = f"{channel}.first", f"{channel}.second"
    client = Client(blank, cluster.url, [first]).wait_open()
    publish_durable(redis_of, first, ["1"])
    client.wait_count(1)
    client.ask("halley.unsubscribe(argument)", first)
    eventually(lambda: client.state == "idle", what="idle")
    assert client.ask("halley.position") is None
    publish_durable(redis_of, second, ["2", "3"])
    client.ask("void halley.subscribe(argument)", second)
    client.wait_open()
    publish_durable(redis_of, second, ["4"])
    eventually(lambda: client.data(second), what="the event after it came back")
    assert client.data(second) == ["4"] and client.ask("seen.gaps") == []
    client.close()


def test_one_function_may_listen_twice(blank, cluster, redis_of, channel):
    client = Client(blank, cluster.url, [])
    client.ask("""(() => {
        seen.twice = [];
        const listener = (data) => seen.twice.push(data);
        seen.off = halley.subscribe(argument, listener);
        halley.subscribe(argument, listener);
    })()""", channel)
    client.wait_open()
    publish_durable(redis_of, channel, ["1"])
    client.wait_count(1)
    client.ask("seen.off()")
    assert client.ask("halley.channels") == [channel]
    publish_durable(redis_of, channel, ["2"])
    client.wait_count(2)
    assert client.ask("seen.twice") == [1, 1, 2]
    client.close()


def test_a_gap_is_told(blank, cluster, redis_of, channel):
    publish_durable(redis_of, channel, ["1", "2", "3"])
    # Of another life of Redis' data: what it had after that can't be known.
    position = f"{int(time.time() * 1_000) - 60_000}-0.zzzzzz"
    for transport in ALL:
        client = Client(blank, cluster.url, [channel], transports=[transport], position=position).wait_count(3)
        gaps = client.ask("seen.gaps")
        assert [gap["channel"] for gap in gaps] == [channel], transport
        assert set(gaps[0]) == {"channel", "from", "to"}
        assert client.data(channel) == ["1", "2", "3"], transport
        client.close()


def test_what_a_page_may_ask_for(blank, cluster):
    def thrown(code):
        return blank.evaluate(f"""async (url) => {{
            const {{ Halley }} = await import(url + '/halley.js');
            const halley = new Halley(url, {{session: false}});
            try {{ {code}; return 'nothing'; }} catch (error) {{ return error.name; }} finally {{ halley.close(); }}
        }}""", cluster.url)

    assert thrown("halley.subscribe('a*b')") == "TypeError"
    assert thrown("halley.subscribe('open')") == "TypeError"
    assert thrown("for (let n = 0; n < 65; n++) halley.subscribe('c' + n)") == "RangeError"
    assert thrown("halley.on('message', () => {})") == "TypeError"
    assert thrown("halley.use('pigeon')") == "TypeError"
    assert thrown("new Halley('nothing')") == "nothing"


def test_the_classic_script_does_the_same(blank, cluster, redis_of, channel):
    blank.add_script_tag(url=cluster.url + "/halley.classic.js")
    blank.evaluate("""([url, channel]) => {
        window.data = [];
        window.halley = new Halley(url);
        halley.subscribe(channel, (data) => window.data.push(data));
    }""", [cluster.url, channel])
    eventually(lambda: blank.evaluate("() => halley.state === 'open'"))
    publish_durable(redis_of, channel, ['{"a":1}'])
    eventually(lambda: blank.evaluate("() => window.data") == [{"a": 1}])
    assert blank.evaluate("() => halley.transport") == "websocket"
    blank.evaluate("() => halley.close()")


def test_a_listener_that_fails_harms_nobody_else(page, cluster, redis_of, channel):
    page.goto(cluster.url + "/nothing-here")
    client = Client(page, cluster.url, [channel]).wait_open()
    client.ask("halley.subscribe(argument, () => { throw new Error('mine'); })", channel)
    publish_durable(redis_of, channel, ["1", "2"])
    client.wait_count(2)
    page.wait_for_timeout(100)  # in which the driver hears of them
    assert page.errors == ["mine", "mine"]
    page.errors.clear()
    client.close()
