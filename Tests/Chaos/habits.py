"""What subscribers do besides listening: some read slowly, some come and go.

| habit | what it does between `roam` and `calm` |
| --- | --- |
| steady | holds on |
| flapping | leaves without a word after some seconds, and soon comes back with its position: at the apex, or at its session's |
| slow | has a small receive buffer, and stops reading for some seconds again and again |
| asleep | the same, once, for longer than the router bears with |
"""

import asyncio

WEIGHTS = {"steady": 70, "flapping": 20, "slow": 8, "asleep": 2}

SLOW_BUFFER = 4_096  # bytes
STAY = (1.0, 6.0)  # seconds that a flapping one holds on
ABSENCE = (0.05, 4.0)  # and is away
PAUSE = (0.5, 6.0)  # seconds that a slow one doesn't read
SLEEP = (12.0, 15.0)  # the router drops a reader that takes nothing for 10 s


async def roam(subscriber):
    """Lives by the subscriber's habit until it is cancelled; it is left listening by `calm`."""
    rng = subscriber.rng
    match subscriber.record.habit:
        case "flapping":
            while not subscriber.is_dead:
                await asyncio.sleep(rng.uniform(*STAY))
                await subscriber.leave()
                await asyncio.sleep(rng.uniform(*ABSENCE))
                come(subscriber)
        case "slow":
            while True:
                await asyncio.sleep(rng.uniform(0.2, 2.0))
                subscriber.may_read.clear()
                await asyncio.sleep(rng.uniform(*PAUSE))
                subscriber.may_read.set()
        case "asleep":
            await asyncio.sleep(rng.uniform(0.5, 8.0))
            subscriber.may_read.clear()
            await asyncio.sleep(rng.uniform(*SLEEP))
            subscriber.may_read.set()


async def be_away(subscriber, begin, span):
    """Leaves after `begin` seconds, and comes back `span` seconds later."""
    await asyncio.sleep(begin)
    await subscriber.leave()
    await asyncio.sleep(span)
    come(subscriber)


def calm(subscriber):
    """Comes back if it is away, and reads."""
    subscriber.may_read.set()
    if not subscriber.is_here and not subscriber.is_dead:
        come(subscriber)


def come(subscriber):
    if not subscriber.is_dead:
        subscriber.arrive(at_apex=subscriber.rng.random() < 0.5)
