"""A WebSocket client as bytes on a socket (RFC 6455): it checks what a server sends to the bit, and may send what no library
would."""

import base64
import hashlib
import json
import os
import struct
import time

from clients import events_path
from http_wire import Closed, Connection, head_of, read_response

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def frame(opcode, payload=b"", final=True, reserved=0, masked=True, length_bytes=None, declared=None):
    """A client's frame. `declared` is the length that the head says, where it isn't the payload's."""
    count = len(payload) if declared is None else declared
    size = length_bytes if length_bytes is not None else 0 if count < 126 else 2 if count < 65_536 else 8
    mask = 0x80 if masked else 0
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    if size == 0:
        head += bytes([mask | count])
    else:
        head += bytes([mask | (126 if size == 2 else 127)]) + count.to_bytes(size, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    whole = int.from_bytes(payload, "little") ^ int.from_bytes((key * (len(payload) // 4 + 1))[: len(payload)], "little")
    return head + key + whole.to_bytes(len(payload), "little")


def text(message, **changes):
    return frame(TEXT, message.encode() if isinstance(message, str) else message, **changes)


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


def upgrade(path, host="push.localhost", headers=(), key=None, without=(), method="GET", version="HTTP/1.1"):
    """The opening handshake's request; `without` names fields to leave out."""
    fields = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(),
    }
    pairs = [(name, value) for name, value in fields.items() if name not in without]
    return head_of(method, path, host, pairs + list(headers.items() if isinstance(headers, dict) else headers), version)


class Refused(Exception):
    """The upgrade was answered otherwise than by 101."""

    def __init__(self, response):
        super().__init__(repr(response))
        self.response = response
        self.status = response.status


class WebSocket:
    """A connection that has been upgraded. Raises Refused with the answer when it is not."""

    def __init__(self, address, *channels, path=None, host="push.localhost", headers=None, protocol=None,
                 receive_buffer=None, within=5.0, **query):
        self.connection = Connection(address, receive_buffer=receive_buffer, timeout=within)
        key = base64.b64encode(os.urandom(16)).decode()
        headers = {**(headers or {}), **({"Sec-WebSocket-Protocol": protocol} if protocol else {})}
        path = path or events_path(*channels, **query)
        self.connection.send(upgrade(path, host, headers, key))
        self.response = self.connection.read_head(within)
        if self.response.status != 101:
            length = int(self.response.headers.get("Content-Length") or 0)
            deadline = time.monotonic() + within
            while len(self.connection.buffer) < length:
                self.connection.fill(deadline)
            self.response.body = bytes(self.connection.buffer)
            self.connection.close()
            raise Refused(self.response)
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        assert self.response.headers["Sec-WebSocket-Accept"] == base64.b64encode(digest).decode()
        assert self.response.headers["Upgrade"].lower() == "websocket"
        assert "upgrade" in self.response.headers["Connection"].lower()
        self.position = None
        self.own = None

    def send(self, data):
        self.connection.send(data)

    def say(self, **request):
        self.send(text(json.dumps(request)))

    def next_frame(self, within=5.0):
        """(opcode, payload). Raises Closed when TCP ends, TimeoutError when nothing comes."""
        deadline = time.monotonic() + within
        head = self._take(2, deadline)
        assert head[0] & 0xF0 == 0x80, "a server's frame is whole, without reserved bits"
        assert head[1] & 0x80 == 0, "a server's frame has no mask"
        count = head[1]
        if count > 125:
            size = 2 if count == 126 else 8
            count = int.from_bytes(self._take(size, deadline), "big")
            assert count > (125 if size == 2 else 65_535), "the shortest form of a length"
        payload = self._take(count, deadline)
        assert head[0] & 0x08 == 0 or count < 126
        return head[0] & 0x0F, payload

    def next_message(self, within=5.0):
        """The next JSON message, heartbeats and other frames passed over. A close frame raises Ended."""
        deadline = time.monotonic() + within
        while True:
            opcode, payload = self.next_frame(deadline - time.monotonic())
            if opcode == CLOSE:
                raise Ended(*self._reason(payload))
            if opcode != TEXT:
                continue
            message = json.loads(payload)
            self.position = message.get("position", self.position)
            self.own = message.get("own", self.own)
            if set(message) - {"position", "own"}:
                return message

    def next(self, within=5.0):
        """The next event."""
        message = self.next_message(within)
        assert "channel" in message, message
        return message

    def expect(self, name, within=5.0):
        """The next message, which must be of this kind: `subscribed`, `joined`…"""
        message = self.next_message(within)
        assert name in message, message
        return message

    def wait_position(self, within=5.0):
        """Until a heartbeat, or whatever else, has told a position."""
        deadline = time.monotonic() + within
        while self.position is None:
            opcode, payload = self.next_frame(deadline - time.monotonic())
            assert opcode == TEXT
            self.position = json.loads(payload).get("position")
        return self.position

    def wait_close(self, within=5.0):
        """Reads until the close frame and returns (code, reason); code is None when it has none."""
        deadline = time.monotonic() + within
        while True:
            opcode, payload = self.next_frame(deadline - time.monotonic())
            if opcode == CLOSE:
                return self._reason(payload)

    def wait_end(self, within=15.0):
        """Until TCP ends."""
        deadline = time.monotonic() + within
        while True:
            try:
                self.connection.fill(deadline)
            except Closed:
                return

    @staticmethod
    def _reason(payload):
        assert len(payload) != 1
        code = struct.unpack(">H", payload[:2])[0] if payload else None
        return code, payload[2:].decode()

    def _take(self, count, deadline):
        buffer = self.connection.buffer
        while len(buffer) < count:
            self.connection.fill(deadline)
        data = bytes(buffer[:count])
        del buffer[:count]
        return data

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Ended(Exception):
    """The server closed the WebSocket."""

    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code = code


def refusal(address, data, within=5.0):
    """What a request that is to be refused is answered with."""
    with Connection(address, timeout=within) as connection:
        connection.send(data)
        return read_response(connection, within)
