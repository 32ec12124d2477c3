"""A cluster of real processes on free ports: Redis, workers, coordinators, HAProxy."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from http_wire import request
from processes import Process, binary, clean_environment, free_port
from resp import Redis
from waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
HAPROXY_CONFIGURATION = REPOSITORY / "docker" / "haproxy" / "haproxy.cfg"
DOMAIN = "push.localhost"


def executable(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    assert path, f"{name} isn't installed"
    return path


class RedisServer(Process):
    """A private Redis that keeps nothing on disk: after a restart its data is gone, functions included."""

    def __init__(self, directory, port=None, arguments=()):
        self.port = port or free_port()
        super().__init__("redis", [
            executable("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--maxmemory-policy", "noeviction", "--dir", directory, *arguments,
        ], directory)

    def start(self):
        super().start()
        eventually(lambda: self.client()("PING") == b"PONG", what="Redis answers")
        return self

    def client(self):
        return Redis(self.port)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"


class Worker(Process):
    def __init__(self, directory, redis_url, number=1, name="halley", port=None, redis_port=None, **flags):
        self.id = f"worker-{number}"
        self.port = port or free_port()
        self.address = ("127.0.0.1", self.port)
        options = {"id": self.id, "listen": f"127.0.0.1:{self.port}", "redis": redis_url, "name": name, **flags}
        super().__init__(self.id, [binary(), "worker", *as_flags(options)], directory)

    def start(self, ready=True):
        super().start()
        if ready:
            self.wait_ready()
        return self

    def health(self, kind="ready"):
        return request(self.address, "GET", f"/health/{kind}")

    def wait_ready(self, within=10.0):
        def answer():
            assert self.is_running, f"{self.name} has ended:\n{self.text()}"
            return self.health().status == 200

        eventually(answer, within, f"{self.name} is ready")


class Coordinator(Process):
    def __init__(self, directory, redis_url, number=1, name="halley", public_url="http://push.localhost", port=None,
                 is_open=True, **flags):
        self.id = f"coordinator-{number}"
        self.port = port or free_port()
        self.admin_port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.admin = ("127.0.0.1", self.admin_port)
        options = {
            "id": self.id, "listen": f"127.0.0.1:{self.port}", "admin": f"127.0.0.1:{self.admin_port}",
            "redis": redis_url, "name": name, "public-url": public_url, **flags,
        }
        arguments = as_flags(options) + (["--open"] if is_open else [])
        super().__init__(self.id, [binary(), "coordinator", *arguments], directory)

    def start(self, ready=True):
        super().start()
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, within=10.0):
        def answer():
            assert self.is_running, f"{self.name} has ended:\n{self.text()}"
            return request(self.admin, "GET", "/health/ready").status == 200

        eventually(answer, within, f"{self.name} is ready")

    def shards(self):
        response = request(self.admin, "GET", "/shards")
        assert response.status == 200, response
        return response.json()


class Router(Process):
    """HAProxy with the configuration that users run."""

    def __init__(self, directory, coordinator_address, port=None, certificate=None):
        self.port = port or free_port()
        self.address = ("127.0.0.1", self.port)
        self.tls_address = ("127.0.0.1", free_port()) if certificate else None
        self.socket = os.path.join(directory, "router.sock")
        map_file = Path(directory) / "shards.map"
        map_file.touch()
        super().__init__("haproxy", [executable("haproxy"), "-db", "-f", HAPROXY_CONFIGURATION], directory, {
            "HALLEY_BIND": f"127.0.0.1:{self.port}",
            "HALLEY_DOMAIN": DOMAIN,
            "HALLEY_COORDINATOR": coordinator_address,
            "HALLEY_RUNTIME": f"unix@{self.socket}",
            "HALLEY_MAP": str(map_file),
            **self._tls(certificate),
        })

    def _tls(self, certificate):
        if not certificate:
            return {}
        host, port = self.tls_address
        return {"HALLEY_CERTIFICATE": str(certificate), "HALLEY_BIND_TLS": f"{host}:{port}"}

    @property
    def runtime(self):
        return f"unix://{self.socket}"

    def start(self):
        super().start()
        eventually(lambda: os.path.exists(self.socket), what="HAProxy's runtime socket")
        return self


class Cluster:
    """`workers` workers behind one coordinator and one router, all up and settled after `start`.

    With a certificate, a PEM file, browsers know the cluster by https.
    """

    def __init__(self, directory, workers=3, worker_flags=None, coordinator_flags=None, certificate=None):
        self.directory = str(directory)
        self.redis = RedisServer(self.directory)
        self._worker_flags = worker_flags or {}
        self._coordinator_flags = coordinator_flags or {}
        self._first_workers = workers
        self.workers = {}
        self.coordinators = []
        self._coordinator_port = free_port()
        self.router = Router(self.directory, f"127.0.0.1:{self._coordinator_port}", certificate=certificate)

    def start(self):
        self.redis.start()
        self.router.start()
        self.add_coordinator(ready=False)
        for _ in range(self._first_workers):
            self.add_worker(ready=False)
        for process in [*self.workers.values(), *self.coordinators]:
            process.wait_ready()
        self.wait_settled()
        return self

    def stop(self):
        for process in [*self.workers.values(), *self.coordinators, self.router, self.redis]:
            process.kill()

    @property
    def processes(self):
        return [self.redis, self.router, *self.coordinators, *self.workers.values()]

    def add_worker(self, ready=True):
        number = len(self.workers) + 1
        worker = Worker(self.directory, self.redis.url, number, **{"public_url": self.url, **self._worker_flags})
        self.workers[worker.id] = worker
        return worker.start(ready)

    def add_coordinator(self, ready=True):
        number = len(self.coordinators) + 1
        coordinator = Coordinator(
            self.directory, self.redis.url, number, public_url=self.url, router=self.router.runtime,
            port=self._coordinator_port if number == 1 else None, **self._coordinator_flags)
        self.coordinators.append(coordinator)
        return coordinator.start(ready)

    # What a user of the cluster sees.

    @property
    def url(self):
        if self.router.tls_address:
            return f"https://{DOMAIN}:{self.router.tls_address[1]}"
        return f"http://{DOMAIN}:{self.router.port}"

    @property
    def address(self):
        """Where every hostname of the cluster is answered."""
        return self.router.address

    def session(self, *channels, **query):
        body = json.dumps({"channels": list(channels)}).encode()
        response = request(self.address, "POST", "/session", DOMAIN, {"Content-Type": "application/json"}, body)
        assert response.status == 200, response
        return response.json()

    def shards(self):
        """The shard map, as any coordinator that lives tells it."""
        trouble = None
        for coordinator in self.coordinators:
            if coordinator.is_running:
                try:
                    return coordinator.shards()
                except (OSError, AssertionError) as error:
                    trouble = error
        raise ConnectionError(f"no coordinator tells the shard map: {trouble}")

    def owner(self, shard):
        """Who answers for a shard's hostname, by the router."""
        # Of a worker only /events is public; without a channel it is refused, by the worker itself.
        return request(self.address, "GET", "/events", f"{shard}.{DOMAIN}").headers.get("Halley-Worker")

    def publish(self, channel, payload):
        client = self.redis.client()
        try:
            return client.publish(channel, payload)
        finally:
            client.close()

    # Waiting.

    def live_workers(self):
        return {worker.id for worker in self.workers.values() if worker.is_running}

    def is_balanced(self):
        """Whether the map names all 64 shards, exactly the live workers, and differs by one shard at most."""
        shards = self.shards()["shards"]
        counts = {worker: 0 for worker in self.live_workers()}
        for owner in shards.values():
            counts[owner] = counts.get(owner, 0) + 1
        return (len(shards) == 64 and set(counts) == self.live_workers()
                and max(counts.values()) - min(counts.values()) <= 1)

    def router_agrees(self):
        """Whether the router sends one hostname of every worker's to its owner by the map."""
        shards = self.shards()["shards"]
        samples = {owner: shard for shard, owner in shards.items()}
        return all(self.owner(shard) == owner for owner, shard in samples.items())

    def wait_settled(self, within=15.0):
        deadline = time.monotonic() + within
        eventually(self.is_balanced, within, "the shard map is balanced over the live workers")
        eventually(self.router_agrees, max(1.0, deadline - time.monotonic()), "the router follows the map")

    def wait_subscribed(self, channel, links, within=10.0):
        """Until so many workers are subscribed to the channel."""
        client = self.redis.client()
        try:
            eventually(lambda: client.subscribers(channel) == links, within, f"{links} links on {channel}")
        finally:
            client.close()


def as_flags(options):
    """`True` is a flag without a value."""
    return [
        part for key, value in options.items()
        for part in (f"--{key.replace('_', '-')}", *([] if value is True else [str(value)]))]


def halley(*arguments, stdin=None, within=20.0, environment=None):
    """Runs `halley …` to its end; returns (exit code, stdout, stderr)."""
    done = subprocess.run(
        [binary(), *map(str, arguments)], input=stdin, capture_output=True, timeout=within,
        env=clean_environment(environment))
    return done.returncode, done.stdout.decode(), done.stderr.decode()
