"""Who subscribes to what, by seed: plain values, so that they can be handed to another process."""

import random

from habits import WEIGHTS
from transports import TRANSPORTS

MOST_CHANNELS = 4  # of one subscriber; between one and so many


def channel_names(count):
    return [f"chaos.{number}" for number in range(count)]


def population(count, channels, seed, habits=True):
    """`count` subscribers, each with a transport, a habit, and one to four of the channels."""
    rng = random.Random(f"population {seed}")
    kinds = list(TRANSPORTS.values())
    people = []
    for number in range(count):
        transport = rng.choices(kinds, [kind.weight for kind in kinds])[0]
        habit = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0] if habits else "steady"
        people.append({
            "name": f"{transport.name}-{number + 1}",
            "transport": transport.name,
            "habit": habit,
            "channels": rng.sample(channels, min(len(channels), rng.randint(1, MOST_CHANNELS))),
            "at_apex": rng.random() < 0.5,
            "seed": rng.random(),
        })
    return people
