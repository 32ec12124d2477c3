"""A real Chromium, driven by Playwright."""

import os

import pytest
from playwright.sync_api import sync_playwright

# No sandbox: tests may run as root in a container. No QUIC and nothing in the background: traffic is the tests' own.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
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
def blank(page, cluster):
    """The page at the cluster's apex, emptied: scripts of a test's own run there under its policy."""
    page.goto(cluster.url + "/nothing-here")
    return page
