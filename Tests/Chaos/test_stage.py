"""When a process counts as gone: its ports are free then, and its name can be taken again."""

import subprocess
import sys
from pathlib import Path

import pytest

from stage import birth
from waiting import eventually

PARTS = Path(__file__).resolve().parents[2] / "cluster" / "parts" / "cluster.sh"

# The first thread ends, and is a zombie from then on; a second one holds the process, and its sockets.
HALF_DEAD = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def birth_by_script(pid):
    done = subprocess.run(
        ["bash", "-c", 'source "$0"; birth "$1"', PARTS, str(pid)], capture_output=True, text=True, timeout=10)
    return done.stdout.strip() or None


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]


@pytest.mark.parametrize("ask", [birth, birth_by_script])
def test_a_process_is_gone_with_its_last_thread(ask):
    process = subprocess.Popen([sys.executable, "-c", HALF_DEAD])
    try:
        born = ask(process.pid)
        eventually(lambda: state(process.pid) == "Z", what="its first thread has ended")
        assert born is not None and ask(process.pid) == born
        process.kill()
        eventually(lambda: ask(process.pid) is None, what="it is gone")
        assert state(process.pid) == "Z", "though nobody has asked yet how it ended"
    finally:
        process.kill()
        process.wait()
    assert ask(process.pid) is None
