"""Faults of Redis, and of the way to it."""

import asyncio
import os
import signal
import time
from collections import deque

from held_answer import Cut, fetch
from stalling_proxy import FROM_REDIS, TO_REDIS, ports_of

AWAY = (0.3, 2.5)  # seconds that a killed Redis is away
CUTS = 20
DROPPED = 10.0  # seconds
UNSYNCED = 1.0  # seconds of writes that a power loss takes along
LOOK_EVERY = 0.05  # seconds
LONGEST_READY = 10.0  # seconds


async def kill(scene):
    await scene.pause(0.1)
    for _ in range(2 if scene.is_long else 1):
        await _kill_and_start(scene)
        await scene.pause(0.25)


async def kill_once(scene):
    await scene.pause(0.2)
    await _kill_and_start(scene)
    await scene.pause(0.3)


async def power_loss(scene):
    """The kernel keeps what a killed process has written; a power loss doesn't. So the end of the file is cut off."""
    file = next((scene.stage.state / "redis" / "appendonlydir").glob("*.incr.aof"))
    sizes = deque()
    looking = asyncio.create_task(_note_sizes(file, sizes))
    try:
        await scene.pause(0.2)
        await _kill_and_start(scene, lambda: os.truncate(file, sizes[0][1]))
    finally:
        looking.cancel()
    await scene.pause(0.3)


async def _note_sizes(file, sizes):
    """Keeps the file's sizes of the last second, oldest first."""
    while True:
        sizes.append((time.monotonic(), file.stat().st_size))
        while sizes[-1][0] - sizes[0][0] > UNSYNCED:
            sizes.popleft()
        await asyncio.sleep(LOOK_EVERY)


async def _kill_and_start(scene, meanwhile=lambda: None):
    scene.strikes_now("Redis killed")
    scene.stage.signal("redis", signal.SIGKILL)
    await scene.stage.gone("redis")
    meanwhile()
    await asyncio.sleep(scene.rng.uniform(*AWAY))
    starting = asyncio.create_task(scene.stage.command("restart", "redis"))
    scene.came_back(await scene.stage.redis_answers())
    await starting


async def flush(scene):
    await scene.pause(0.2)
    scene.strikes_now("FLUSHALL")
    await _command(scene, "FLUSHALL")
    await scene.pause(0.5)


async def pubsub_cut(scene):
    await scene.pause(0.1)
    for _ in range(CUTS):
        while not (cut := await _command(scene, "CLIENT", "KILL", "TYPE", "pubsub")):
            await asyncio.sleep(LOOK_EVERY)  # none is back since the last time
        scene.strikes_now(f"{cut} pub/sub links cut")
        await scene.pause(0.75 / CUTS * scene.rng.uniform(0.5, 1.5))


async def _command(scene, *arguments):
    link = scene.stage.redis()
    try:
        return await link.call(*arguments)
    finally:
        link.close()


async def packets_dropped(scene):
    """Of all workers or of one, in both directions or in one."""
    await scene.pause(0.1)
    directions = scene.rng.choice(((TO_REDIS, FROM_REDIS), (FROM_REDIS,), (TO_REDIS,)))
    whose = scene.rng.choice((scene.stage.worker_names(), [scene.some_worker()]))
    addresses = await scene.stage.worker_addresses()
    await asyncio.gather(*(_says(addresses[worker], 200, time.monotonic() + LONGEST_READY) for worker in whose))
    stalled = scene.proxy.stall(
        directions, lambda: {port for worker in whose for port in ports_of(scene.stage.pid(worker))})
    began = time.monotonic()
    names = {TO_REDIS: "to Redis", FROM_REDIS: "from Redis"}
    scene.strikes_now(f"{stalled} links of {', '.join(whose)} stalled, {' and '.join(names[way] for way in directions)}")
    try:
        await asyncio.gather(*(_noticed(scene, addresses[worker], began) for worker in whose))
        await asyncio.sleep(began + DROPPED - time.monotonic())
    finally:
        scene.proxy.heal()
    scene.came_back(time.monotonic())
    await scene.pause(0.3)


async def _noticed(scene, port, began):
    """Asks a worker until it says that it isn't ready."""
    await _says(port, 503, began + DROPPED)
    scene.noticed.append(time.monotonic() - began)


async def _says(port, wanted, deadline):
    """Asks a worker whether it is ready until it answers as wanted, or the deadline has passed."""
    while time.monotonic() < deadline:
        try:
            status, _ = await fetch(port, "GET", "/health/ready", within=1.0)
            if status == wanted:
                return
        except Cut:
            pass
        await asyncio.sleep(LOOK_EVERY)
