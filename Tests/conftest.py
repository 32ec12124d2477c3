"""Fixtures that the integration and the browser tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "Integration"))

from cluster import Cluster, RedisServer, Worker  # noqa: E402
from processes import Process  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the end of every process's log beside a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for process in processes_of(item):
        text = process.text()
        if text:
            report.sections.append((f"log of {process.name} ({process.log})", text[-4_000:]))


def processes_of(item):
    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, Cluster):
            yield from value.processes
        elif isinstance(value, Process):
            yield value


@pytest.fixture
def directory(tmp_path_factory):
    """A folder for one test's processes: sockets, maps and logs. Short, for a Unix socket's path has 107 bytes."""
    return str(tmp_path_factory.mktemp("h"))


@pytest.fixture(scope="module")
def module_directory(tmp_path_factory):
    return str(tmp_path_factory.mktemp("m"))


@pytest.fixture(scope="module")
def redis_server(module_directory):
    server = RedisServer(module_directory).start()
    yield server
    server.kill()


@pytest.fixture
def redis(redis_server):
    client = redis_server.client()
    yield client
    client.close()


@pytest.fixture(scope="module")
def worker(module_directory, redis_server):
    """One worker without a router, for a whole module: tests must leave it as they found it."""
    process = Worker(module_directory, redis_server.url).start()
    yield process
    process.kill()


@pytest.fixture
def start_worker(directory):
    """Starts workers of a test's own, with flags; they end with the test."""
    started = []

    def start(redis_url, number=1, ready=True, **flags):
        process = Worker(directory, redis_url, number, **flags)
        started.append(process)
        return process.start(ready)

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def own_redis(directory):
    """A Redis for one test, which may kill or freeze it."""
    server = RedisServer(directory).start()
    yield server
    server.kill()


@pytest.fixture
def channel(request):
    """A channel that no other test uses."""
    return "".join(character if character.isalnum() else "." for character in request.node.name)[:200]


@pytest.fixture(scope="module")
def cluster(module_directory):
    """Three workers, one coordinator, one router, for a whole module: tests must leave it as they found it."""
    whole = Cluster(module_directory).start()
    yield whole
    whole.stop()


@pytest.fixture
def own_cluster(directory):
    """A cluster for one test, which may kill what it likes."""
    whole = Cluster(directory)
    try:
        yield whole.start()
    finally:
        whole.stop()
