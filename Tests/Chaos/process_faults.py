"""Faults of Halley's own processes, and of nobody."""

import asyncio
import signal

STOPPED = 5.0  # seconds
COORDINATOR_AWAY = 30.0  # seconds
MOST_RETRIES = 5  # times that each event is sent


async def nothing(scene):
    await scene.pause(0.9)


async def worker_kill(scene):
    await scene.pause(0.1)
    await _kill_a_worker(scene)
    if scene.is_long:
        await _kill_a_worker(scene)


async def _kill_a_worker(scene):
    victim = scene.some_worker()
    scene.strikes_now(f"{victim} killed")
    scene.stage.signal(victim, signal.SIGKILL)
    await scene.pause(0.25)
    await scene.stage.command("restart", victim)


async def worker_term(scene):
    await scene.pause(0.1)
    for _ in range(2 if scene.is_long else 1):
        victim = scene.some_worker()
        scene.strikes_now(f"{victim} told to end")
        scene.stage.signal(victim, signal.SIGTERM)
        await scene.stage.gone(victim)
        await scene.pause(0.15)
        await scene.stage.command("restart", victim)


async def worker_stop(scene):
    await scene.pause(0.1)
    for _ in range(2 if scene.is_long else 1):
        victim = scene.some_worker()
        scene.strikes_now(f"{victim} stopped")
        scene.stage.signal(victim, signal.SIGSTOP)
        try:
            await asyncio.sleep(STOPPED)
        finally:
            scene.stage.signal(victim, signal.SIGCONT)
        await scene.pause(0.15)


async def coordinator_kill(scene):
    await scene.pause(0.1)
    scene.strikes_now("coordinator-1 killed")
    scene.stage.signal("coordinator-1", signal.SIGKILL)
    await asyncio.sleep(COORDINATOR_AWAY if scene.is_long else scene.seconds / 2)
    await scene.stage.command("restart", "coordinator-1")


async def scale(scene):
    await scene.pause(0.1)
    for workers in (5, 2):
        scene.strikes_now(f"scaled to {workers} workers")
        await scene.stage.command("scale", workers)
        scene.stage.workers = workers
        await scene.pause(0.2)


async def publish_retry(scene):
    scene.publishers.repeats = MOST_RETRIES - 1
    await worker_kill(scene)


async def clients_away(scene):
    """Clients leave at any time for up to half of the load: some miss less than the logs hold, and some more."""
    for crowd in scene.crowds:
        crowd.tell("away", share=0.4, begin=[0, 0.3 * scene.seconds], span=[0.1, 0.5 * scene.seconds])
    await scene.pause(0.9)
