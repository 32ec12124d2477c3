"""Drives all sessions in one thread: begins them, wakes those whose time is up, and counts what became of them."""

import heapq
import itertools
import select
import time
from collections import Counter

from soak_session import OUT, Session

TURN = 0.01  # seconds that sessions are let be before all that are ready are served: few wakings, little work
SOURCES = 24  # addresses that connections come from: each has 28,000 ports, and a port is barred for a minute after
MOST_AT_ONCE = 40  # sessions begun in a turn, when it lags


class SoakCrowd:
    def __init__(self, address, mix):
        self.address, self.mix = address, mix
        self.rng, self.positions = mix.rng, mix.positions
        self.begun = 0
        self.kinds, self.places, self.statuses, self.ends = Counter(), Counter(), Counter(), Counter()
        self.polls = self.unanswered = 0
        self.troubles = Counter()
        self._sessions = {}
        self._poll = select.epoll()
        self._leaving = []  # a heap of (when, number, session)
        self._numbers = itertools.count()

    @property
    def held(self):
        return len(self._sessions)

    def begin(self, plan, now):
        source = f"127.0.0.{2 + self.begun % SOURCES}"
        self.begun += 1
        self.kinds[plan.kind] += 1
        if plan.position or plan.place == "none":
            self.places[plan.place] += 1
        try:
            session = Session(plan, self, source, now)
        except OSError as error:
            self.troubles[f"{plan.kind}: {error}"] += 1
            return
        self._sessions[session.fd] = session
        self._poll.register(session.fd, OUT)
        heapq.heappush(self._leaving, (session.leave_at, next(self._numbers), session))

    def turn(self):
        """Serves what is ready, and lets go those whose time is up."""
        time.sleep(TURN)
        for fd, mask in self._poll.poll(0):
            session = self._sessions.get(fd)
            if session is not None:
                session.ready(mask)
        now = time.monotonic()
        while self._leaving and self._leaving[0][0] <= now:
            _, _, session = heapq.heappop(self._leaving)
            if self._sessions.get(session.fd) is not session:
                continue
            again = session.leave(now)
            if again is not None:
                heapq.heappush(self._leaving, (again, next(self._numbers), session))

    def close(self):
        for session in list(self._sessions.values()):
            session.socket.close()
        self._sessions.clear()
        self._poll.close()

    # Sessions' word.

    def listen(self, session, mask):
        self._poll.modify(session.fd, mask)

    def ended(self, session, how):
        self._poll.unregister(session.fd)
        del self._sessions[session.fd]
        self.ends[f"stopped: {how}" if session.plan.kind == "stopped" else how] += 1
        self.polls += session.polls
        self._count(session, how)
        if session.status == 200 and session.plan.kind not in ("polls", "stopped") and self.rng.random() < 0.2:
            self.positions.take(session.tail)

    def _count(self, session, how):
        """What came, against what was to be expected."""
        plan, status = session.plan, session.status
        if plan.kind == "torn":
            self.statuses[f"torn: {status}"] += 1
            return
        if status is None:
            self.unanswered += 1
            if how == "ended" or how.startswith("E"):
                if not session.has_halved:
                    self.troubles[f"{plan.kind}: {how} without an answer"] += 1
            return
        self.statuses[status] += 1
        if status != plan.status:
            self.troubles[f"{plan.kind} at {plan.place}: {status} instead of {plan.status}"] += 1
        elif how == "ended" and status == 200 and plan.kind in ("sse", "sse-json", "stream") and not session.has_halved:
            self.troubles[f"{plan.kind}: a stream was ended"] += 1

