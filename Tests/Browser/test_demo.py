"""The demo page in Chromium: what a newcomer sees first."""

import re

from playwright.sync_api import expect

from crowd import Publisher
from waiting import eventually

EVENTS = "#events li code"


def open_demo(page, cluster, *channels):
    page.goto(cluster.url + "/?" + "&".join(f"channel={name}" for name in channels))
    expect(page.locator("#state")).to_have_text("open")
    return page.locator(EVENTS)


def test_publish_from_the_box_and_see_it_arrive(page, cluster, tmp_path):
    page.goto(cluster.url + "/")
    expect(page).to_have_title("Halley")
    page.fill("#channels", "news")
    page.click("#connect")
    expect(page.locator("#state")).to_have_text("open")
    # Which shard and which worker serve you.
    expect(page.locator("#shard")).to_have_text(re.compile(rf"^s\d+-[a-z]\.push\.localhost:{cluster.router.port}$"))
    shard = page.locator("#shard").inner_text().split("-")[0]
    expect(page.locator("#worker")).to_have_text(cluster.shards()["shards"][shard])

    expect(page.locator("#transport")).to_have_text("websocket")

    page.fill("#publish-payload", '{"hello":"from the box"}')
    page.click("#publish-send")
    expect(page.locator(EVENTS).first).to_have_text('{"hello":"from the box"}')
    expect(page.locator("#publish-result")).to_have_text(re.compile(r"^published as \d+-\d+$"))
    expect(page.locator("#count")).to_have_text("1")

    cluster.publish("news", "from Redis")
    expect(page.locator(EVENTS).first).to_have_text("from Redis")
    page.screenshot(path=str(tmp_path / "demo.png"), full_page=True)
    assert (tmp_path / "demo.png").stat().st_size > 10_000

    page.click("#connect")
    expect(page.locator("#state")).to_have_text("closed")


def test_a_hostile_payload_is_text(page, cluster):
    events = open_demo(page, cluster, "news", "chat")
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    payloads = [
        '<img src=x onerror="alert(1)">', "<script>alert(2)</script>", '"><svg onload=alert(3)>',
        '{"a":"</code><script>alert(4)</script>"}', "javascript:alert(5)", "<!--<style>*{display:none}",
        "[" * 500, "\u202egnp.exe", "{}' onclick='alert(6)",
    ]
    for number, payload in enumerate(payloads, 1):
        cluster.publish("chat", payload.encode())
        expect(events).to_have_count(number)
        expect(page.locator("#events li").first.locator("b")).to_have_text("chat")
        assert events.first.inner_text() in (payload, payload.strip())
    assert page.locator("#events script, #events img, #events svg, #events style").count() == 0
    assert dialogs == []


def test_bytes_that_are_no_text_are_shown(page, cluster):
    events = open_demo(page, cluster, "news")
    cluster.publish("news", b"\xff\x00")
    expect(events.first).to_have_text("base64 /wA=")


def test_a_bad_channel_is_told(page, cluster):
    page.goto(cluster.url + "/")
    page.fill("#channels", "new*s")
    page.click("#connect")
    expect(page.locator(EVENTS).first).to_contain_text("channel")
    expect(page.locator("#state")).to_have_text("closed")
    page.fill("#publish-channel", "new*s")
    page.click("#publish-send")
    expect(page.locator("#publish-result")).to_contain_text("channel")


def test_a_fast_channel_doesnt_drown_the_page(page, cluster):
    open_demo(page, cluster, "fast")
    with Publisher(cluster.redis.port, ["fast"], 500):
        eventually(lambda: int(page.locator("#count").inner_text()) > 400, 10)
        assert page.locator("#events li").count() <= 200
        assert page.evaluate("() => document.querySelector('#state').textContent") == "open"


def test_the_page_follows_its_shard_to_another_worker(page, own_cluster):
    cluster = own_cluster
    events = open_demo(page, cluster, "news")
    hostname = page.locator("#shard").inner_text()
    worker = cluster.shards()["shards"][hostname.split("-")[0]]
    expect(page.locator("#worker")).to_have_text(worker)
    cluster.workers[worker].kill()

    def receives():
        cluster.publish("news", "after the fall")
        return events.count()

    eventually(receives, 10, every=0.1)
    expect(page.locator("#state")).to_have_text("open")
    expect(page.locator("#shard")).to_have_text(hostname)
    expect(page.locator("#worker")).to_have_text(re.compile(f"^(?!{worker}$)worker-"))


def test_nothing_is_loaded_from_elsewhere(page, cluster):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    violations = []
    page.on("console", lambda message: violations.append(message.text) if "Content Security Policy" in message.text else None)
    open_demo(page, cluster, "news")
    hosts = {url.split("/")[2] for url in requests if url.startswith("http")}
    assert all(host.endswith(f"push.localhost:{cluster.router.port}") for host in hosts), hosts
    assert violations == []
