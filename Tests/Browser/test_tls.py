"""Chromium by TLS and HTTP/2: streams of many shards share connections, and each is answered by its shard's worker."""

import base64
import hashlib
import os
import socket
import subprocess

import pytest

from certificates import Authority
from cluster import Cluster, executable
from conftest import FLAGS

# Opens so many EventSources and as many WebSockets one behind the other, each with a session of its own.
OPEN = """async ({channel, count}) => {
  window.heard = [];
  const names = [];
  for (let index = 0; index < count; index++) {
    const answer = await fetch("/session", {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({channels: [channel]})});
    const {url} = await answer.json();
    names.push(new URL(url).hostname);
    await new Promise((resolve, reject) => {
      const source = new EventSource(url);
      source.onopen = resolve;
      source.onerror = () => reject(new Error("EventSource " + url));
      source.addEventListener(channel, (event) => heard.push("sse" + index + event.data));
    });
    await new Promise((resolve, reject) => {
      const webSocket = new WebSocket(url.replace(/^https/, "wss"), "halley.v1");
      webSocket.onerror = () => reject(new Error("WebSocket " + url));
      webSocket.onmessage = ({data}) => {
        const message = JSON.parse(data);
        if (message.subscribed) resolve();
        if (message.channel === channel) heard.push("websocket" + index + message.data);
      };
    });
  }
  return names;
}"""


def public_key_hash(certificate):
    """What Chromium's --ignore-certificate-errors-spki-list takes: no part of the system has to trust the authority."""
    key = subprocess.run([executable("openssl"), "x509", "-in", certificate, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = subprocess.run([executable("openssl"), "pkey", "-pubin", "-outform", "DER"],
                         input=key, check=True, capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@pytest.fixture
def authority(directory):
    return Authority(directory)


@pytest.fixture
def secure(directory, authority):
    whole = Cluster(directory, certificate=authority.site)
    try:
        yield whole.start()
    finally:
        whole.stop()


@pytest.fixture
def secure_page(browser, secure, authority, tmp_path):
    context = browser.browser_type.launch_persistent_context(
        str(tmp_path), executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        args=[*FLAGS, f"--ignore-certificate-errors-spki-list={public_key_hash(authority.site)}"])
    page = context.new_page()
    page.goto(secure.url + "/nothing-here")
    yield page
    context.close()


def connections(secure):
    with socket.socket(socket.AF_UNIX) as runtime:
        runtime.connect(secure.router.socket)
        runtime.sendall(b"show info\n")
        text = b"".join(iter(lambda: runtime.recv(65_536), b"")).decode()
    return int(text.partition("CurrSslConns: ")[2].split()[0])


def test_streams_of_many_shards_share_few_connections(secure_page, secure, channel):
    count = 20
    names = secure_page.evaluate(OPEN, {"channel": channel, "count": count})
    assert len(set(names)) > 6
    protocols = secure_page.evaluate(
        "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/session'))"
        ".map((entry) => entry.nextHopProtocol)")
    assert set(protocols) == {"h2"}
    # Streams and WebSockets of many names on a few connections: without sharing there would be one for each.
    shared = connections(secure)
    assert shared <= 3, f"{shared} connections for {2 * count} streams of {len(set(names))} names"
    secure.publish(channel, "!")
    secure_page.wait_for_function(f"heard.length >= {2 * count}")
    assert sorted(secure_page.evaluate("heard")) == sorted(
        f"{transport}{index}!" for index in range(count) for transport in ("sse", "websocket"))
