"""Waiting for a condition, with a deadline: the tests never sleep to hide a race."""

import time


def eventually(condition, within=10.0, what=None, every=0.02):
    """Polls until the condition holds (is truthy) and returns its value; an exception in it counts as 'not yet'.

    `within` and `every` are in seconds.
    """
    deadline = time.monotonic() + within
    trouble = None
    while True:
        try:
            value = condition()
            if value:
                return value
            trouble = value
        except (OSError, ConnectionError, ValueError, KeyError, IndexError) as error:
            trouble = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or condition}; last: {trouble!r}")
        time.sleep(every)


# A worker's beat often enough that its registry record says within a moment how many connections it holds.
QUICK_BEAT = {"beat_ms": 100, "lease_ms": 2_000}


def wait_held(redis, worker, number):
    """Until the worker's registry record says that it holds so many connections. The worker needs `QUICK_BEAT`."""
    eventually(lambda: int(redis("HGET", f"halley/workers/{worker.id}", "connections") or -1) == number,
               what=f"{worker.id} holds {number}")
