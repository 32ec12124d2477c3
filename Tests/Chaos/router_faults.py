"""Faults of the router."""

import signal
import subprocess
from pathlib import Path

RELOADS = 10


async def reload(scene):
    await scene.pause(0.1)
    for _ in range(RELOADS):
        scene.strikes_now("HAProxy reloaded")
        _reload(scene.stage)
        await scene.pause(0.7 / RELOADS)


def _reload(stage):
    """A second HAProxy takes the listeners over and tells the first to finish what it holds (`-sf`): management guide,
    section 4. What a reload of a service does, without the service."""
    old = stage.pid("haproxy")
    command = Path(f"/proc/{old}/cmdline").read_bytes().split(b"\0")[:-1]
    if b"-sf" in command:
        command = command[:command.index(b"-sf")]
    pairs = Path(f"/proc/{old}/environ").read_bytes().split(b"\0")
    environment = dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)
    with open(stage.state / "logs" / "haproxy.log", "ab") as log:
        process = subprocess.Popen(
            [*command, b"-sf", str(old).encode()], env=environment, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True)
    stage.replaced("haproxy", process.pid)


async def restart(scene):
    await scene.pause(0.1)
    scene.strikes_now("HAProxy restarted")
    await scene.stage.command("restart", "haproxy")
    await scene.pause(0.3)
    scene.strikes_now("HAProxy killed")
    scene.stage.signal("haproxy", signal.SIGKILL)
    await scene.stage.gone("haproxy")
    await scene.stage.command("restart", "haproxy")
    await scene.pause(0.2)
