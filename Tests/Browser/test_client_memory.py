"""A page that receives for a long time doesn't grow."""

import pytest

from client_page import ALL, FULL, Client, publish_durable

COUNT = 100_000 if FULL else 8_000
BATCH = 1_000
WARM = 2_000
GROWTH = 1 << 20  # bytes: a frame that was taken out may still count, which is half of it; 100,000 events have 13 MB


def measure(page, session):
    """(bytes of the heap, DOM nodes), after the garbage is gone. A frame that has just been taken out is garbage a little
    later: the least of some."""
    sizes = []
    for _ in range(4):
        page.wait_for_timeout(100)
        session.send("HeapProfiler.collectGarbage")
        sizes.append(session.send("Runtime.getHeapUsage")["usedSize"])
    metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    return min(sizes), int(metrics["Nodes"])


@pytest.mark.parametrize("transport", ALL)
def test_the_heap_stays_flat(blank, cluster, channel, transport):
    redis = cluster.redis.client()
    client = Client(blank, cluster.url, [channel], transports=[transport]).wait_open(transport)
    blank.evaluate("() => { window.isForgetful = true; }")
    session = blank.context.new_cdp_session(blank)
    session.send("Performance.enable")

    def receive(first, last):
        for start in range(first, last, BATCH):
            publish_durable(redis, channel, [f'{{"number":{n},"text":"{"x" * 100}"}}' for n in range(start, start + BATCH)])
            client.wait_count(start + BATCH, 30)

    receive(0, WARM)
    heap, nodes = measure(blank, session)
    receive(WARM, WARM + COUNT)
    heap_after, nodes_after = measure(blank, session)
    print(f"{transport}: {COUNT} events, heap {heap} -> {heap_after} bytes, nodes {nodes} -> {nodes_after}")
    assert client.count == WARM + COUNT, "none came twice"
    assert client.ask("seen.gaps") == []
    assert heap_after - heap < GROWTH
    assert nodes_after - nodes < 2_000, "a frame is in the middle of its document, at most"
    client.close()
    redis.close()
