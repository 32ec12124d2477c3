"""Chromium's own EventSource and fetch against a whole cluster."""

import pytest

from clients import split_url
from cluster import Cluster
from crowd import Publisher
from waiting import eventually

# Opens an EventSource for each URL and keeps what happens to it in `sources`.
OPEN_ALL = """urls => {
    window.started = performance.now();
    window.sources = urls.map(url => {
        const source = new EventSource(url);
        const state = {url, opened: null, opens: 0, errors: 0, events: [], source};
        source.onopen = () => { state.opens++; state.opened ??= performance.now() - window.started; };
        source.onerror = () => state.errors++;
        for (const type of ['news', 'message', 'kinds']) {
            source.addEventListener(type, event => state.events.push(
                {data: event.data, id: event.lastEventId, at: performance.now(), origin: event.origin}));
        }
        return state;
    });
}"""

STATES = "() => window.sources.map(({source, ...state}) => ({...state, readyState: source.readyState}))"

# A fetch to the page's own host: its status and how long it took, in ms; null when it took over `limit` ms.
FETCH = """async limit => {
    const started = performance.now();
    try {
        const answer = await fetch('/health/live', {signal: AbortSignal.timeout(limit), cache: 'no-store'});
        return [answer.status, performance.now() - started];
    } catch { return null; }
}"""

GIVE_SESSION = """async channel => (await (await fetch('/session?channel=' + channel, {method: 'POST'})).json()).url"""


def states(page):
    return page.evaluate(STATES)


def close_all(page):
    page.evaluate("() => window.sources.forEach(state => state.source.close())")


def test_sixteen_eventsources_each_with_its_own_session_all_open(blank, cluster):
    urls = [blank.evaluate(GIVE_SESSION, "news") for _ in range(16)]
    assert len({split_url(url)[0] for url in urls}) == 16
    blank.evaluate(OPEN_ALL, urls)
    status, milliseconds = blank.evaluate(FETCH, 1_000)
    assert status == 200 and milliseconds < 1_000, "the page's own host answers meanwhile"
    eventually(lambda: all(state["opened"] is not None for state in states(blank)))
    assert max(state["opened"] for state in states(blank)) < 3_000
    assert blank.evaluate(FETCH, 1_000)[0] == 200
    cluster.publish("news", '{"to":"all"}')
    eventually(lambda: all(state["events"] for state in states(blank)))
    assert {state["events"][0]["data"] for state in states(blank)} == {'{"to":"all"}'}
    close_all(blank)


def test_sixteen_to_one_hostname_show_six_open(blank, cluster):
    """The reason Halley exists: a browser holds six connections to a host and makes the rest wait."""
    url = f"http://s9-a.push.localhost:{cluster.router.port}/events?channel=news"
    blank.evaluate(OPEN_ALL, [url] * 16)
    eventually(lambda: sum(state["readyState"] == 1 for state in states(blank)) == 6)
    probe = f"""async () => {{
        try {{ return (await fetch('{url}&position=x', {{signal: AbortSignal.timeout(1500)}})).status; }} catch {{ return null; }}
    }}"""
    assert blank.evaluate(probe) is None, "a request of the page's to that host starves"
    assert sum(state["readyState"] == 1 for state in states(blank)) == 6
    cluster.publish("news", "to six")
    eventually(lambda: sum(len(state["events"]) for state in states(blank)) == 6)
    close_all(blank)
    assert blank.evaluate(probe) == 400, "with the others gone it is answered"


def test_the_apex_alone_is_enough_for_an_eventsource(blank, cluster):
    """`new EventSource('/events?channel=news')` follows the 307 to its shard."""
    blank.evaluate(OPEN_ALL, [f"{cluster.url}/events?channel=news"] * 8)
    eventually(lambda: all(state["opened"] is not None for state in states(blank)))
    cluster.publish("news", "through redirects")
    eventually(lambda: all(state["events"] for state in states(blank)))
    hosts = {state["events"][0]["origin"] for state in states(blank)}
    assert len(hosts) == 8, f"eight sessions, eight hostnames: {hosts}"
    close_all(blank)


KINDS = [
    "plain", '{"a":1}', "", " leading", ": colon", "\ufeffbom", "two\nlines", "three\rline\r\nends", "\n", "a\u2028b\u2029c",
    "data: x\nid: 0\nevent: open\n\n", "grüße 🍪", "tab\there", "<script>alert(1)</script>", "trailing\n",
]


def test_payloads_come_out_equal(blank, cluster):
    blank.evaluate(OPEN_ALL, [blank.evaluate(GIVE_SESSION, "kinds")])
    eventually(lambda: states(blank)[0]["opened"] is not None)
    for text in KINDS:
        cluster.publish("kinds", text.encode())
    cluster.publish("kinds", "end")
    eventually(lambda: states(blank)[0]["events"] and states(blank)[0]["events"][-1]["data"] == "end")
    received = [event["data"] for event in states(blank)[0]["events"]]
    # CR and CR LF are LF in an EventSource.
    assert received == [text.replace("\r\n", "\n").replace("\r", "\n") for text in KINDS] + ["end"]
    close_all(blank)


def test_a_fetch_stream_is_not_held_back(blank, cluster):
    """XHR and fetch get each line as it comes: no sniffing, no padding needed."""
    url = blank.evaluate(GIVE_SESSION, "news") + "&transport=stream"
    blank.evaluate("""url => {
        window.lines = [];
        fetch(url).then(async answer => {
            const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
            window.lines.push('open');
            for (;;) { const {value, done} = await reader.read(); if (done) return; window.lines.push(value); }
        });
        window.request = new XMLHttpRequest();
        window.request.open('GET', url);
        window.request.send();
    }""", url)
    eventually(lambda: "open" in blank.evaluate("() => window.lines"))
    eventually(lambda: blank.evaluate("() => window.request.readyState") >= 2)
    cluster.publish("news", '"short"')
    eventually(lambda: any('"data":"short"' in line for line in blank.evaluate("() => window.lines")))
    eventually(lambda: '"data":"short"' in blank.evaluate("() => window.request.responseText"))
    blank.evaluate("() => window.request.abort()")


@pytest.fixture
def mortal_cluster(directory):
    whole = Cluster(directory).start()
    yield whole
    whole.stop()


def test_an_eventsource_lives_through_its_workers_death_on_the_same_hostname(page, mortal_cluster):
    cluster = mortal_cluster
    page.goto(cluster.url + "/nothing-here")
    urls = [page.evaluate(GIVE_SESSION, "news") for _ in range(8)]
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    with Publisher(cluster.redis.port, ["news"], 20):
        page.evaluate(OPEN_ALL, urls)
        eventually(lambda: all(state["events"] for state in states(page)))
        shards = cluster.shards()["shards"]
        victims = [index for index, url in enumerate(urls) if shards[split_url(url)[0].split("-")[0]] == "worker-1"]
        assert victims
        cluster.workers["worker-1"].kill()
        eventually(lambda: all(states(page)[index]["opens"] >= 2 for index in victims), 10, "opened again")
        counts = [len(state["events"]) for state in states(page)]
        eventually(lambda: all(len(state["events"]) > count for state, count in zip(states(page), counts)), 10)
        after = states(page)
        assert all(state["readyState"] == 1 for state in after), "none is dead"
        assert all(state["errors"] == 0 for index, state in enumerate(after) if index not in victims)
        used = {split_url(url)[0] for url in requests if "/events" in url}
        assert used <= {split_url(url)[0] for url in urls}, "no other hostname was ever asked"
    close_all(page)


def test_an_eventsource_waits_for_the_last_workers_return(page, directory):
    cluster = Cluster(directory, workers=1).start()
    try:
        page.goto(cluster.url + "/nothing-here")
        page.evaluate(OPEN_ALL, [page.evaluate(GIVE_SESSION, "news")])
        eventually(lambda: states(page)[0]["opens"] == 1)
        cluster.workers["worker-1"].kill()
        eventually(lambda: states(page)[0]["errors"] >= 3, 15, "it asks, is told to come back, and asks again")
        assert states(page)[0]["readyState"] != 2
        cluster.workers["worker-1"].start()
        opens = states(page)[0]["opens"]

        def receives():
            cluster.publish("news", "back")
            return states(page)[0]["events"]

        eventually(receives, 10)
        assert states(page)[0]["opens"] >= opens
        close_all(page)
    finally:
        cluster.stop()


def test_an_eventsource_survives_a_restart_of_redis_and_router(page, mortal_cluster):
    cluster = mortal_cluster
    page.goto(cluster.url + "/nothing-here")
    page.evaluate(OPEN_ALL, [page.evaluate(GIVE_SESSION, "news") for _ in range(3)])
    eventually(lambda: all(state["opens"] for state in states(page)))
    cluster.redis.kill()
    cluster.redis.start()
    cluster.router.kill()
    cluster.router.start()

    def all_receive():
        cluster.publish("news", "still alive")
        return all(state["events"] for state in states(page))

    eventually(all_receive, 15, every=0.2)
    assert all(state["readyState"] == 1 for state in states(page))
    close_all(page)
