"""halley.js as it is built and served."""

import gzip
import subprocess
from pathlib import Path

import pytest

from client_page import ALL
from http_wire import request

REPOSITORY = Path(__file__).resolve().parents[2]
BROWSER = REPOSITORY / "Sources" / "HalleyBrowser"
FILES = ["halley.js", "halley.classic.js", "halley.d.ts"]
MOST = 10_000  # bytes, minified and gzipped


@pytest.mark.parametrize("name", ["halley.js", "halley.classic.js"])
def test_its_size(name):
    script = (BROWSER / "built" / name).read_bytes()
    size = len(gzip.compress(script, 9))
    print(f"{name}: {len(script)} bytes, {size} gzipped")
    assert size < MOST


def test_what_is_built_is_what_its_sources_make():
    done = subprocess.run(
        [REPOSITORY / "cluster" / "client", "--check"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", FILES)
def test_what_is_served_is_what_is_built(cluster, name):
    answer = request(cluster.address, "GET", f"/{name}", "push.localhost")
    assert answer.status == 200
    assert answer.body == (BROWSER / "built" / name).read_bytes()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = request(cluster.address, "GET", f"/{name}", "push.localhost", {"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


def test_each_transport_has_one_file_of_its_name_on_both_sides():
    server = {path.stem.lower() for path in (REPOSITORY / "Sources" / "HalleyTransports").rglob("*")}
    for name in ALL:
        assert (BROWSER / "transports" / f"{name}.js").is_file()
        assert name.replace("-", "") in server


def test_what_it_declares_is_what_it_has(blank, cluster):
    """The members of halley.d.ts' class, and those of an instance that aren't its own business."""
    types = (BROWSER / "client" / "halley.d.ts").read_text()
    has = blank.evaluate("""async (url) => {
        const { Halley, default: same } = await import(url + '/halley.js');
        return [Halley === same, Object.getOwnPropertyNames(Halley.prototype).filter((name) => name.length > 2)];
    }""", cluster.url)
    assert has[0]
    for name in ["state", "transport", "host", "position", "channels", "subscribe", "unsubscribe", "use", "close"]:
        assert name in has[1]
        assert f"  {name}" in types or f"readonly {name}" in types
