"""`halley subscribe` as people use it, against real processes."""

import contextlib
import json
import os
import pty
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from cluster import Cluster, halley
from processes import binary, clean_environment, free_port
from waiting import eventually


class Subscriber:
    """A `halley subscribe` that runs: what it says, line by line."""

    def __init__(self, url, *arguments, stdout=subprocess.PIPE):
        self.process = subprocess.Popen(
            [binary(), "subscribe", f"--url={url}", *arguments], stdout=stdout, stderr=subprocess.PIPE,
            env=clean_environment())
        self.output, self.errors = [], []
        self._readers = [self._read(self.process.stderr, self.errors)]
        if stdout == subprocess.PIPE:
            self._readers.append(self._read(self.process.stdout, self.output))

    @staticmethod
    def _read(stream, lines):
        def read():
            for line in stream:
                lines.append(line.decode().rstrip("\n"))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def wait_subscribed(self, times=1):
        eventually(lambda: sum("subscribed" in line or "back" in line for line in self.errors) >= times, 20,
                   self.errors)
        return self

    def wait_lines(self, count, within=20):
        return eventually(lambda: len(self.output) >= count and self.output, within, self.output)

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.end()

    def end(self, within=10):
        """Its exit code, once all it said was read."""
        code = self.process.wait(within)
        for reader in self._readers:
            reader.join(5)
        return code


@pytest.fixture
def subscribe():
    started = []

    def start(url, *arguments, **options):
        started.append(Subscriber(url, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def publish(redis, channel, payload, *options):
    return redis("FCALL", "halley_publish", 1, f"halley:{channel}", payload, *options).decode()


@pytest.fixture
def redis_of():
    with contextlib.ExitStack() as stack:
        def client(cluster):
            connection = cluster.redis.client()
            stack.callback(connection.close)
            return connection

        yield client


def worker_url(worker):
    return f"http://127.0.0.1:{worker.port}"


@pytest.mark.parametrize("transport", ["stream", "sse", "long-poll", "websocket"])
def test_through_the_apex_it_prints_payloads_and_ends_after_count(cluster, redis_of, subscribe, channel, transport):
    redis = redis_of(cluster)
    run = subscribe(cluster.url, channel, "--count=4", f"--transport={transport}")
    if transport == "long-poll":
        # It has heard nothing before the first event.
        eventually(lambda: redis("PUBSUB", "NUMSUB", f"halley:{channel}")[1] == 1)
    else:
        run.wait_subscribed()
    publish(redis, channel, '{"a": [1, 2]}')
    redis("PUBLISH", f"halley:{channel}", "plain text, 100 % \u2603 \\ \"quoted\"")
    publish(redis, channel, "")
    publish(redis, channel, "two\nlines")
    publish(redis, channel, "one too many")
    assert run.end() == 0
    assert run.output == ['{"a": [1, 2]}', "plain text, 100 % \u2603 \\ \"quoted\"", "", "two", "lines"]
    assert run.errors == ["halley: subscribed"]


def test_a_worker_by_itself_needs_no_session(worker, redis, subscribe, channel):
    run = subscribe(worker_url(worker), channel, "--count=1").wait_subscribed()
    redis("PUBLISH", f"halley:{channel}", "hello")
    assert run.end() == 0 and run.output == ["hello"]


def test_json_is_the_message_as_it_came(worker, redis, subscribe, channel):
    run = subscribe(worker_url(worker), channel, "--json", "--count=3", "--quiet")
    eventually(lambda: redis("PUBSUB", "NUMSUB", f"halley:{channel}")[1] == 1)
    event = publish(redis, channel, '{"a":1}')
    redis("PUBLISH", f"halley:{channel}", "text")
    redis("PUBLISH", f"halley:{channel}", b"\xff\x00")
    assert run.end() == 0
    first, second, third = [json.loads(line) for line in run.output]
    assert first.pop("position").startswith(event)
    assert first == {"id": event, "channel": channel, "data": {"a": 1}}
    assert second["data"] == "text" and "id" not in second
    assert third["encoding"] == "base64" and third["data"] == "/wA="
    assert run.errors == []


def test_binary_payloads_are_printed_as_they_are(worker, redis, subscribe, channel, tmp_path):
    path = tmp_path / "out"
    with open(path, "wb") as file:
        run = subscribe(worker_url(worker), channel, "--count=1", stdout=file).wait_subscribed()
        redis("PUBLISH", f"halley:{channel}", b"\xff\x00\x1b[2J")
        assert run.end() == 0
    assert path.read_bytes() == b"\xff\x00\x1b[2J\n"


def test_a_terminal_is_told_no_control_characters(worker, redis, subscribe, channel):
    master, slave = pty.openpty()
    run = subscribe(worker_url(worker), channel, "--count=1", stdout=slave).wait_subscribed()
    redis("PUBLISH", f"halley:{channel}", "bell \x07 and \x1b[2J\nline")
    assert run.end() == 0
    assert os.read(master, 1024).replace(b"\r\n", b"\n") == b"bell \\u{7} and \\u{1b}[2J\nline\n"
    os.close(master)
    os.close(slave)


def test_of_several_channels_each_line_names_its_own(worker, redis, subscribe, channel):
    run = subscribe(worker_url(worker), f"{channel}/1", f"{channel}/2#x", "--count=2").wait_subscribed()
    redis("PUBLISH", f"halley:{channel}/2#x", "b")
    redis("PUBLISH", f"halley:{channel}/1", "a")
    assert run.end() == 0
    assert run.output == [f"{channel}/2#x\tb", f"{channel}/1\ta"]


def test_its_worker_is_killed_and_it_goes_on_exactly(own_cluster, redis_of, subscribe, channel):
    """Two workers of three: some of the eight clients are hit."""
    redis = redis_of(own_cluster)
    first = subscribe(own_cluster.url, channel, "--count=1", "--json").wait_subscribed()
    publish(redis, channel, "begin")
    assert first.end() == 0
    position = json.loads(first.output[0])["position"]
    transports = ["stream", "stream", "sse", "sse", "long-poll", "long-poll", "websocket", "websocket"]
    runs = [subscribe(own_cluster.url, channel, f"--transport={transport}", f"--position={position}")
            for transport in transports]
    publish(redis, channel, "0")
    for run in runs:
        run.wait_lines(1)
    total = 600
    for number in range(1, total):
        publish(redis, channel, str(number))
        if number in (200, 400):
            own_cluster.workers[f"worker-{number // 200}"].kill()
        time.sleep(0.005)
    for run in runs:
        run.wait_lines(total, 60)
        assert run.output == [str(number) for number in range(total)]
        assert not any("gap" in line for line in run.errors), run.errors
        assert run.interrupt() == 0
    assert sum("back" in line for run in runs for line in run.errors) > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_ends_with_0_and_knows_where_it_stood(worker, redis, subscribe, channel, tmp_path, number):
    kept = tmp_path / "position"
    run = subscribe(worker_url(worker), channel, f"--position-file={kept}").wait_subscribed()
    publish(redis, channel, "1")
    run.wait_lines(1)
    assert run.interrupt(number) == 0
    publish(redis, channel, "2")
    publish(redis, channel, "3")
    run = subscribe(worker_url(worker), channel, f"--position-file={kept}", "--count=1")
    assert run.end() == 0 and run.output == ["2"]
    run = subscribe(worker_url(worker), channel, f"--position-file={kept}")
    run.wait_lines(1)
    assert run.interrupt(number) == 0 and run.output == ["3"]
    assert "complete" in run.errors[0] or "live events" in run.errors[0]


def test_a_position_leads_on_and_a_lost_one_to_a_gap(worker, redis, subscribe, channel):
    first = publish(redis, channel, "1", "history", 1)
    run = subscribe(worker_url(worker), channel, "--json", "--count=1").wait_subscribed()
    second = publish(redis, channel, "2", "history", 1)
    assert run.end() == 0
    position = json.loads(run.output[0])["position"]
    for payload in "345":
        last = publish(redis, channel, payload, "history", 1)
    # A worker of its own, which has nothing in memory, would read the log; this one may have all of it still.
    era = position[len(second):].split("~")[0]
    run = subscribe(worker_url(worker), channel, f"--position={second}{era}", "--json", "--count=1")
    assert run.end() == 0
    messages = [json.loads(line) for line in run.output]
    assert messages[-1]["data"] in (3, 5)
    if messages[-1]["data"] == 5:
        assert messages[0]["gap"]["channel"] == channel and messages[0]["gap"]["from"] == second
        assert any("gap on" in line for line in run.errors)
    assert first < second < last


def test_a_pipe_whose_reader_leaves_ends_it_quietly(worker, redis, channel):
    shell = subprocess.Popen(
        f"{binary()} subscribe --url={worker_url(worker)} {channel} | head -n 1; echo ${{PIPESTATUS[0]}}", shell=True,
        executable="/bin/bash", stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), text=True)
    eventually(lambda: redis("PUBSUB", "NUMSUB", f"halley:{channel}")[1] == 1)
    redis("PUBLISH", f"halley:{channel}", "only one")
    # No second event is needed for it to notice.
    output, error = shell.communicate(timeout=10)
    assert output == "only one\n0\n" and error == "halley: subscribed\n"


def test_who_prints_slowly_slows_the_reading_down_and_loses_nothing_durable(start_worker, own_redis, channel):
    """The pipe is full for a while: the server hangs up on a client that takes nothing, and it comes back for the rest."""
    worker = start_worker(own_redis.url, max_outbound_bytes=65_536)
    redis = own_redis.client()
    run = subprocess.Popen(
        [binary(), "subscribe", f"--url={worker_url(worker)}", channel, "--count=2000"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=clean_environment())
    try:
        eventually(lambda: redis("PUBSUB", "NUMSUB", f"halley:{channel}")[1] == 1)
        padding = "x" * 8_000
        for number in range(2_000):
            publish(redis, channel, f"{number} {padding}", "history", 5_000)
        resident = memory(run.pid)
        assert resident < 200 << 20, f"{resident >> 20} MiB"
        output, error = run.communicate(timeout=60)
        assert [int(line.split()[0]) for line in output.splitlines()] == list(range(2_000))
        assert run.returncode == 0 and b"gap" not in error
    finally:
        run.kill()
        redis.close()


def memory(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_nobody_there_is_told_and_tried_again(own_redis, start_worker, subscribe, channel):
    port = free_port()
    run = subscribe(f"http://push.localhost:{port}", channel, "--count=1")
    eventually(lambda: any("refused" in line and "again in" in line for line in run.errors), 10, run.errors)
    start_worker(own_redis.url, listen=f"127.0.0.1:{port}", ready=False)
    run.wait_subscribed()
    redis = own_redis.client()
    redis("PUBLISH", f"halley:{channel}", "at last")
    assert run.end() == 0 and run.output == ["at last"]
    redis.close()


def test_patience_ends(subscribe):
    run = subscribe(f"http://127.0.0.1:{free_port()}", "news", "--patience=1", "--quiet")
    assert run.end(20) == 1
    assert len(run.errors) == 1 and "no connection for" in run.errors[0] and run.output == []


@pytest.mark.parametrize("arguments", [
    ["--url=ftp://push.localhost"], ["--url=push.localhost"], ["--count=0"], ["--transport=carrier-pigeon"],
    ["--position=a b"], ["--position=1-0.abcdef", "--position-file=x"], ["--patience=-1"], ["open"], ["two words"]])
def test_a_bad_value_is_one_line_and_64(arguments):
    code, output, error = halley("subscribe", "news", *arguments)
    assert (code, output) == (64, "") and error.count("\n") == 1, error


def test_no_channel_is_one_line_and_64():
    code, output, error = halley("subscribe")
    assert (code, output) == (64, "") and error.count("\n") == 1, error


def test_what_the_server_refuses_for_good_is_one_line_and_1(worker, cluster):
    code, output, error = halley("subscribe", f"--url={worker_url(worker)}", "news", "--position=nonsense", within=20)
    assert (code, output) == (1, "") and error.count("\n") == 1 and "answered 400" in error, error
    code, output, error = halley("subscribe", f"--url={worker_url(worker)}/nowhere", "news", within=20)
    assert (code, output) == (1, "") and error.count("\n") == 1 and "answered 404" in error, error


def test_a_position_file_that_holds_something_else_is_left_alone(tmp_path):
    file = tmp_path / "precious"
    file.write_text("my novel, chapter one\n" * 100)
    code, output, error = halley("subscribe", "news", f"--position-file={file}")
    assert (code, output) == (1, "") and "holds no position" in error and error.count("\n") == 1, error
    assert file.read_text().startswith("my novel")


def test_the_environment_stands_in_for_flags(worker, redis, channel):
    run = subprocess.Popen(
        [binary(), "subscribe", channel], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=clean_environment({"HALLEY_URL": worker_url(worker), "HALLEY_JSON": "true", "HALLEY_COUNT": "1"}))
    eventually(lambda: redis("PUBSUB", "NUMSUB", f"halley:{channel}")[1] == 1)
    redis("PUBLISH", f"halley:{channel}", "7")
    output, _ = run.communicate(timeout=10)
    assert json.loads(output)["data"] == 7


def test_an_expired_ticket_is_renewed(directory, subscribe, channel):
    cluster = Cluster(directory, workers=1, coordinator_flags={"ticket_seconds": 10})
    try:
        cluster.start()
        redis = cluster.redis.client()
        run = subscribe(cluster.url, channel).wait_subscribed()
        publish(redis, channel, "1")
        run.wait_lines(1)
        time.sleep(11)  # the ticket's life; what is held goes on
        cluster.add_worker()
        cluster.workers["worker-1"].kill()
        publish(redis, channel, "2")
        run.wait_lines(2)
        assert run.output == ["1", "2"]
        redis.close()
    finally:
        cluster.stop()


@pytest.fixture
def certificate(tmp_path):
    """A key and a certificate for `localhost`, which certifies itself."""
    path = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,DNS:*.localhost"], check=True, capture_output=True)
    path.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "certificate.pem").read_bytes())
    return path


@contextlib.contextmanager
def tls_proxy(certificate, target):
    """Ends TLS in front of a plain server; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with contextlib.suppress(OSError):
                    client = context.wrap_socket(client, server_side=True)
                    server = socket.create_connection(target)
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def test_over_tls(worker, redis, subscribe, channel, certificate):
    with tls_proxy(certificate, worker.address) as port:
        run = subscribe(f"https://push.localhost:{port}", channel, "--count=1", f"--ca-file={certificate}")
        run.wait_subscribed()
        redis("PUBLISH", f"halley:{channel}", "x" * 200_000)
        assert run.end() == 0 and run.output == ["x" * 200_000]


def test_over_tls_to_someone_unknown_it_says_so(worker, channel, certificate):
    with tls_proxy(certificate, worker.address) as port:
        code, output, error = halley(
            "subscribe", f"--url=https://push.localhost:{port}", channel, "--patience=0", within=20)
        assert (code, output) == (1, "") and "CERTIFICATE" in error.upper(), error
