"""A real Chromium, driven by Playwright."""

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import sync_playwright

# No sandbox: tests may run as root in a container. No QUIC and nothing in the background: traffic is the tests' own. Names
# under .test are this machine, so that there are sites which aren't local by their names.
FLAGS = [
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


@pytest.fixture(scope="session")
def launch():
    """Starts a Chromium."""
    with sync_playwright() as playwright:
        yield lambda: playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)


@pytest.fixture(scope="session")
def browser(launch):
    chromium = launch()
    yield chromium
    chromium.close()


@pytest.fixture
def own_browser(launch):
    """A Chromium for one test, which may stop it."""
    chromium = launch()
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser):
    """A page of a fresh profile; errors on it fail the test."""
    context = browser.new_context(viewport={"width": 1_100, "height": 800})
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    assert page.errors == []
    context.close()


@pytest.fixture
def site():
    """A web server of somebody else's: everywhere the same page, `page`, with the header fields `fields`."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            body = server.page.encode()
            for name, value in {"Content-Type": "text/html", "Content-Length": len(body), **server.fields}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.path == "/slow":
                time.sleep(1)
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.page, server.fields = "<!doctype html>", {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def blank(page, cluster):
    """The page at the cluster's apex, emptied: scripts of a test's own run there under its policy."""
    page.goto(cluster.url + "/nothing-here")
    return page
