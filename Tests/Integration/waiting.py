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
