"""HTTP/1.1 as bytes on a socket: the tests see exactly what was answered, and may send what no library would."""

import json
import socket
import time


class Response:
    def __init__(self, status, headers, body=b""):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


class Headers:
    """Field names in any case; `get` joins repeated ones, as RFC 9110 section 5.3 allows."""

    def __init__(self, pairs):
        self.pairs = pairs

    def get(self, name, default=None):
        values = [value for key, value in self.pairs if key.lower() == name.lower()]
        return ", ".join(values) if values else default

    def __getitem__(self, name):
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name):
        return self.get(name) is not None

    def __repr__(self):
        return repr(self.pairs)


class Closed(ConnectionError):
    """The peer ended the connection."""


class Connection:
    """One socket, read with deadlines."""

    def __init__(self, address, receive_buffer=None, timeout=5.0):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self, deadline):
        """Reads once. Raises TimeoutError at the deadline, Closed at the end."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing more came in time")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65_536)
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        self.buffer += data

    def read_head(self, within=5.0):
        deadline = time.monotonic() + within
        while b"\r\n\r\n" not in self.buffer:
            self.fill(deadline)
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        lines = head.decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        assert version.startswith("HTTP/1."), lines[0]
        pairs = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        return Response(int(status), Headers(pairs))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Body:
    """Takes the framing off a body as it comes: chunked, a length, or until the end."""

    def __init__(self, headers):
        self.is_chunked = "chunked" in (headers.get("Transfer-Encoding") or "").lower()
        length = headers.get("Content-Length")
        self.left = int(length) if length is not None and not self.is_chunked else None
        self.is_complete = self.left == 0
        self._phase = "size"

    def take(self, buffer):
        """Removes what it can from the buffer and returns the content."""
        if not self.is_chunked:
            count = len(buffer) if self.left is None else min(self.left, len(buffer))
            content = bytes(buffer[:count])
            del buffer[:count]
            if self.left is not None:
                self.left -= count
                self.is_complete = self.left == 0
            return content
        content = b""
        while not self.is_complete:
            if self._phase == "size":
                line, found, _ = bytes(buffer).partition(b"\r\n")
                if not found:
                    break
                del buffer[: len(line) + 2]
                self.left = int(line.split(b";")[0], 16)
                self._phase = "data" if self.left else "trailer"
            elif self._phase == "data":
                piece = bytes(buffer[: self.left])
                content += piece
                del buffer[: len(piece)]
                self.left -= len(piece)
                if self.left or len(buffer) < 2:
                    break
                assert bytes(buffer[:2]) == b"\r\n", "a chunk must end with CR LF"
                del buffer[:2]
                self._phase = "size"
            else:
                line, found, _ = bytes(buffer).partition(b"\r\n")
                if not found:
                    break
                del buffer[: len(line) + 2]
                self.is_complete = not line
        return content


def head_of(method, target, host="push.localhost", headers=(), version="HTTP/1.1"):
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines += [f"{name}: {value}" for name, value in pairs]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def read_response(connection, within=5.0, method="GET"):
    """A whole answer."""
    deadline = time.monotonic() + within
    response = connection.read_head(within)
    body = Body(response.headers)
    if method == "HEAD" or response.status in (204, 304):
        return response
    content = body.take(connection.buffer)
    while not body.is_complete:
        try:
            connection.fill(deadline)
        except Closed:
            assert body.left is None and not body.is_chunked, "the answer was cut short"
            break
        content += body.take(connection.buffer)
    response.body = content
    return response


def request(address, method, target, host="push.localhost", headers=None, body=None, within=5.0):
    """One request on a connection of its own."""
    fields = dict(headers or {})
    fields.setdefault("Connection", "close")
    if body is not None:
        fields.setdefault("Content-Length", str(len(body)))
    with Connection(address, timeout=within) as connection:
        connection.send(head_of(method, target, host, fields) + (body or b""))
        return read_response(connection, within, method)


def raw(address, data, within=5.0, grace=0.2):
    """Sends any bytes and returns what came back, as (statuses, bytes).

    Reads until the peer closes, or says nothing for `within` seconds at first, or for `grace` seconds after an answer:
    long enough for a second answer to come, where one must not.
    """
    with Connection(address) as connection:
        try:
            connection.send(data)
        except OSError:
            pass  # It was refused before it was all sent; the answer may be there all the same.
        try:
            deadline = time.monotonic() + within
            while True:
                connection.fill(deadline)
                deadline = time.monotonic() + grace
        except (Closed, TimeoutError):
            pass
        received = bytes(connection.buffer)
    statuses = [int(line[9:12]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.") and line[9:12].isdigit()]
    return statuses, received
