"""One short session on a bare socket: it sends its request, or half of it, takes what comes, or nothing, and leaves as
planned. What it received is looked at for the status and for the last position only."""

import errno
import select
import socket
import struct

READ = 65_536  # bytes at most at a time
TAIL = 2_048  # bytes of a stream that are kept, to find the last position in
RESET = struct.pack("ii", 1, 0)  # SO_LINGER, struct linger: close(2) sends a reset
BIND_ADDRESS_NO_PORT = 24  # IP_BIND_ADDRESS_NO_PORT, ip(7): the port is chosen at connect(2), by both addresses
SMALL_BUFFER = 4_096  # bytes that a client's kernel takes for one that never reads
LEAVE_HALF = 1.0  # seconds that one stays which has said its last word
IN, OUT, NOTHING = select.EPOLLIN, select.EPOLLOUT, 0


class Session:
    __slots__ = ("plan", "crowd", "socket", "fd", "tail", "status", "sent", "leave_at", "has_halved", "polls")

    def __init__(self, plan, crowd, source, now):
        self.plan, self.crowd = plan, crowd
        self.tail, self.status = b"", None
        self.sent = self.has_halved = False
        self.polls = 0
        self.leave_at = now + plan.stay
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        if plan.kind == "stopped":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.bind((source, 0))
        self.fd = self.socket.fileno()
        problem = self.socket.connect_ex(crowd.address)
        if problem not in (0, errno.EINPROGRESS):
            raise OSError(problem, "connect")

    def ready(self, mask):
        """The socket has something; driven by the crowd."""
        try:
            if not self.sent:
                self._send()
            elif self.plan.kind == "stopped":
                self._over()  # it asked for nothing but errors
            elif mask & (IN | select.EPOLLHUP | select.EPOLLERR):
                self._receive()
        except BlockingIOError:
            pass
        except OSError as error:
            self._over(error)

    def _send(self):
        request = self.plan.request()
        if self.plan.kind == "torn":
            request = request[:self.crowd.rng.randrange(len(request))]
        self.socket.send(request)
        self.sent = True
        self.crowd.listen(self, NOTHING if self.plan.kind == "stopped" else IN)

    def _receive(self):
        data = self.socket.recv(READ)
        if not data:
            return self._over()
        if self.status is None and len(data) >= 12:
            self.status = status_in(data)
        if self.plan.kind in ("polls", "long-poll"):
            self.tail += data  # an answer is bounded
            if self.plan.kind == "polls" and not self.has_halved:
                self._poll_again()
        else:
            self.tail = (self.tail + data)[-TAIL:]

    def _poll_again(self):
        """Polls go on where the answer says."""
        head, found, body = self.tail.rpartition(b"\r\n\r\n")
        if not found or not body.endswith(b"]}\n") or self.status != 200:
            return
        position = self.crowd.positions.take(self.tail)
        self.tail = b""
        self.polls += 1
        self.socket.send(self.plan.request(position))

    def leave(self, now):
        """Its time is up. Returns when to ask again, or None when it has gone."""
        leaving = self.plan.leaving
        if self.plan.kind == "stopped":
            self._drain()
            return None
        if leaving == "half" and self.sent and not self.has_halved:
            self.has_halved = True
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError as error:
                self._over(error)
                return None
            return now + LEAVE_HALF
        if leaving == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._end("stayed" if self.has_halved else leaving)
        return None

    def _drain(self):
        """Takes all that lies in the kernels: its end tells whether the worker has closed."""
        try:
            while data := self.socket.recv(READ):
                if self.status is None:
                    self.status = status_in(data)
            self._end("cut off")
        except BlockingIOError:
            self._end("still open")
        except OSError:
            self._end("cut off")

    def _over(self, error=None):
        """The worker has ended it."""
        self._end("ended" if error is None else errno.errorcode.get(error.errno, "error"))

    def _end(self, how):
        self.crowd.ended(self, how)
        self.socket.close()


def status_in(answer):
    """Of `HTTP/1.1 200 OK`; 0 for what is no answer."""
    return int(answer[9:12]) if answer[9:12].isdigit() else 0
