"""What stands between browsers and servers: a proxy that holds answers back until they end, and those that won't let a
WebSocket through."""

import re
import socket
import threading
import time


class Proxy:
    """In front of one port. Each connection has a thread, which ends with it."""

    def __init__(self, target_port):
        self.target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._sockets = []
        self.requests = []  # first lines
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for one in self._sockets:
            one.close()

    def serve(self, near):
        """Everything that comes on one of the browser's connections."""
        raise NotImplementedError

    def connect(self):
        far = socket.create_connection(("127.0.0.1", self.target_port))
        self._sockets.append(far)
        return far

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(near)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        try:
            self.serve(near)
        except OSError:
            pass
        finally:
            near.close()

    def read_request(self, near, buffer):
        """The next head and body; None at the end."""
        while b"\r\n\r\n" not in buffer:
            data = near.recv(65_536)
            if not data:
                return None
            buffer += data
        end = buffer.index(b"\r\n\r\n") + 4
        head = bytes(buffer[:end])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        whole = end + (int(length[1]) if length else 0)
        while len(buffer) < whole:
            buffer += near.recv(65_536)
        request = bytes(buffer[:whole])
        del buffer[:whole]
        self.requests.append(head.split(b"\r\n", 1)[0].decode())
        return head, request


def wants_upgrade(head):
    return re.search(rb"(?i)\r\nupgrade: *websocket", head) is not None


class BufferingProxy(Proxy):
    """Hands an answer on when it has all of it: a virus scanner. It knows no upgrade: `hangs` leaves a request for one
    without an answer, else its fields are dropped, as those of any hop are."""

    def __init__(self, target_port, hangs=False):
        self._hangs = hangs
        super().__init__(target_port)

    def serve(self, near):
        buffer = bytearray()
        while read := self.read_request(near, buffer):
            head, request = read
            if self._hangs and wants_upgrade(head):
                near.recv(1)
                return
            far = self.connect()
            threading.Thread(target=self._leave_together, args=(near, far), daemon=True).start()
            request = re.sub(rb"(?i)\r\n(upgrade|connection|sec-websocket-[a-z]+):[^\r]*", b"", request)
            far.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = bytearray()
            while data := far.recv(65_536):
                answer += data
            near.sendall(answer)
            if b"connection: close" in bytes(answer.partition(b"\r\n\r\n")[0]).lower():
                return

    @staticmethod
    def _leave_together(near, far):
        """Breaks an answer off whose browser has gone."""
        try:
            if not near.recv(1, socket.MSG_PEEK):
                far.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class UpgradeKiller(Proxy):
    """Hangs up on a request for an upgrade, at once or after so many seconds, and passes on everything else as it comes."""

    def __init__(self, target_port, after=0):
        self._after = after
        super().__init__(target_port)

    def serve(self, near):
        buffer = bytearray()
        far = self.connect()
        threading.Thread(target=self._answers, args=(far, near), daemon=True).start()
        while read := self.read_request(near, buffer):
            head, request = read
            if wants_upgrade(head) and not self._after:
                break
            far.sendall(request)
            if wants_upgrade(head):
                time.sleep(self._after)
                break
        far.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _answers(far, near):
        try:
            while data := far.recv(65_536):
                near.sendall(data)
        except OSError:
            pass
        finally:
            try:
                near.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
