"""HAProxy with Halley's configuration before stub workers and a stub coordinator, without the rest of a cluster."""

import re
import socket
import sys
import zlib
from pathlib import Path

import pytest

from cluster import HAPROXY_CONFIGURATION, executable
from http_wire import Connection, head_of, raw, read_response, request
from processes import Process, free_port
from waiting import eventually

# As the leader adds a server.
SERVER_OPTIONS = "check inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1 pool-max-conn 256"
SSE = {"Accept": "text/event-stream"}


class Stub(Process):
    def __init__(self, name, directory):
        self.port = free_port()
        script = Path(__file__).with_name("stub_server.py")
        super().__init__(name, [sys.executable, script, name, self.port], directory)

    def start(self):
        super().start()
        eventually(lambda: request(("127.0.0.1", self.port), "GET", "/").status == 200, what=f"{self.name} answers")
        return self

    def departures(self):
        """How long each held request had lasted when its client left, in seconds."""
        return [float(seconds) for seconds in re.findall(r"^gone ([0-9.]+)$", self.text(), re.MULTILINE)]


class Router:
    def __init__(self, directory, workers=3, **settings):
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.runtime = f"{directory}/haproxy.sock"
        self.coordinator = Stub("coordinator", directory)
        self.workers = {name: Stub(name, directory) for name in [f"w{number + 1}" for number in range(workers)]}
        self.haproxy = Process("haproxy", [executable("haproxy"), "-f", HAPROXY_CONFIGURATION], directory, {
            "HALLEY_BIND": f"127.0.0.1:{self.port}",
            "HALLEY_COORDINATOR": f"127.0.0.1:{self.coordinator.port}",
            "HALLEY_RUNTIME": f"unix@{self.runtime}",
            **settings,
        })

    def start(self):
        for stub in (self.coordinator, *self.workers.values()):
            stub.start()
        self.haproxy.start()
        eventually(lambda: self.command("show info"), what="HAProxy answers")
        for name, worker in self.workers.items():
            self.add(name, worker.port)
        self.wait_up(*self.workers)
        return self

    def stop(self):
        for process in (self.haproxy, self.coordinator, *self.workers.values()):
            process.kill()

    def command(self, text):
        with socket.socket(socket.AF_UNIX) as runtime:
            runtime.settimeout(2)
            runtime.connect(self.runtime)
            runtime.sendall(text.encode() + b"\n")
            answer = b""
            while data := runtime.recv(65_536):
                answer += data
        return answer.decode()

    def add(self, name, port):
        # Without an id of its own a server added at run time has no place on the ring of the consistent hash.
        number = zlib.crc32(name.encode()) % 1_000_000 + 1
        assert "New server" in self.command(f"add server workers/{name} 127.0.0.1:{port} id {number} {SERVER_OPTIONS}")
        self.command(f"enable server workers/{name}; enable health workers/{name}")

    def map(self, **entries):
        number = re.search(r"^(\d+) \(.*shards\.map\)", self.command("show map"), re.MULTILINE).group(1)
        version = re.search(r"created: (\d+)", self.command(f"prepare map #{number}")).group(1)
        if entries:
            lines = "\n".join(f"{key} {value}" for key, value in entries.items())
            self.command(f"add map @{version} #{number} <<\n{lines}\n")
        self.command(f"commit map @{version} #{number}")

    def is_up(self, name):
        """Whether a check has found the server well (a server that was never checked counts as up for HAProxy)."""
        fields = self._state_of(name)
        return fields is not None and fields[5] == "2" and fields[11] == "3"

    def is_down(self, name):
        """Whether it gets no requests any more: one failed check isn't enough for that."""
        fields = self._state_of(name)
        return fields is not None and fields[5] == "0"

    def _state_of(self, name):
        for line in self.command("show servers state workers").splitlines():
            fields = line.split(" ")
            if len(fields) > 11 and fields[3] == name:
                return fields
        return None

    def used_connections(self, name):
        for line in self.command("show servers conn workers").splitlines():
            fields = line.split(" ")
            if fields[0] == f"workers/{name}":
                return int(fields[6])
        return None

    def wait_up(self, *names):
        eventually(lambda: all(self.is_up(name) for name in names), what=f"{names} are up")

    def wait_down(self, name):
        eventually(lambda: self.is_down(name), what=f"{name} is down")

    def get(self, shard, target="/events", headers=None, method="GET", **rest):
        return request(self.address, method, target, f"{shard}.push.localhost", headers, **rest)

    def owner(self, shard, **rest):
        """The name of the worker that answers for a shard."""
        response = self.get(shard, **rest)
        assert response.status == 200, response
        return response.headers["Halley-Worker"]

    def at_apex(self, target, method="GET", headers=None, **rest):
        return request(self.address, method, target, "push.localhost", headers, **rest)

    def raw(self, data, within=5.0):
        return raw(self.address, data, within)

    def open(self, shard, target="/events", headers=None, **rest):
        """A connection on which a request was sent, and the head of its answer."""
        connection = Connection(self.address, **rest)
        connection.send(head_of("GET", target, f"{shard}.push.localhost", headers or {}))
        return connection, connection.read_head()


@pytest.fixture(scope="module")
def router(module_directory):
    """Three workers, two of them in the map: tests must leave it as they found it."""
    router = Router(module_directory)
    try:
        router.start()
        router.map(generation="1-0", s1="w1", s2="w2", s3="w9")
        yield router
    finally:
        router.stop()


@pytest.fixture
def start_router(directory):
    """A router of the test's own, with settings and workers to kill."""
    routers = []

    def start(workers=3, **settings):
        routers.append(Router(directory, workers, **settings))
        return routers[-1].start()

    yield start
    for one in routers:
        one.stop()
