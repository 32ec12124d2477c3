"""Real processes, started and ended by the tests: each has a log, and is ended by its pid alone."""

import ctypes
import os
import random
import signal
import socket
import subprocess
from pathlib import Path

_given = set()


def free_port():
    """A port below the ephemeral range, so that no client's connection can take it between now and its use."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def binary():
    """The executable under test."""
    repository = Path(__file__).resolve().parents[2]
    return os.environ.get("HALLEY_BIN", str(repository / ".build" / "release" / "halley"))


def clean_environment(extra=None):
    """The tests' own environment without any HALLEY_ variable of the shell they were started from."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HALLEY_")}
    environment.update(extra or {})
    return environment


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Process:
    def __init__(self, name, arguments, directory, environment=None):
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.log = Path(directory) / f"{name}.log"
        self.environment = clean_environment(environment)
        self._process = None

    def start(self):
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=self.environment, preexec_fn=_die_with_parent)
        return self

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """kill -9, and waits for it."""
        if self.is_running:
            self._process.kill()
        if self._process is not None:
            self._process.wait()

    def terminate(self):
        """SIGTERM, without waiting."""
        self._process.terminate()

    def wait(self, within):
        """Its exit code, when it ends by itself."""
        return self._process.wait(within)

    def freeze(self):
        """SIGSTOP: connections stay open and nobody answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def text(self):
        """All that it has logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""
