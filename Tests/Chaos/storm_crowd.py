"""Drives thousands of clients in one thread, and whatever else is to be done meanwhile."""

import selectors
import time

TURN = 0.01  # seconds that a turn waits for the sockets
MOST_AT_ONCE = 100  # connections begun in a turn: the router's queue of new ones is finite


class StormCrowd:
    def __init__(self, clients):
        self.clients = clients
        self.longest_turn = 0.0  # seconds: how late this process was at worst
        self._selector = selectors.DefaultSelector()
        self._to_come = list(reversed(clients))

    def run_until(self, condition, within, meanwhile=lambda: None):
        """Serves the clients until the condition holds, which is asked ten times a second; returns whether it does."""
        deadline, ask_at = time.monotonic() + within, 0.0
        while True:
            began = time.monotonic()
            if began >= ask_at:
                ask_at = began + 0.1
                if condition():
                    return True
                if began > deadline:
                    return False
            meanwhile()
            self._turn()
            self.longest_turn = max(self.longest_turn, time.monotonic() - began)

    def _turn(self):
        for _ in range(min(MOST_AT_ONCE, len(self._to_come))):
            self._to_come.pop().connect(self._selector)
        for key, mask in self._selector.select(TURN):
            if mask & selectors.EVENT_WRITE:
                key.data.writable(self._selector)
            else:
                key.data.readable(self._selector)
        now = time.monotonic()
        for client in self.clients:
            if client.retry_at is not None and client.retry_at <= now:
                client.connect(self._selector)

    def close(self):
        for client in self.clients:
            client.close()
        self._selector.close()
