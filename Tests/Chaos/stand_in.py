"""A Halley of one page, in this process, that can be told to misbehave: for testing the harness, not Halley.

It speaks just enough of Redis' protocol for publishers, and of HTTP for subscribers. Its channels' logs lie in memory.
"""

import asyncio
import json
import time
from bisect import bisect_right
from urllib.parse import parse_qs, urlsplit

from event_ids import id_in, parse_id

ERA = "aB3xYz"


class StandIn:
    """In place of a `stage.Stage`. `spoil(subscription, event)` returns the events that a subscriber is given in place of
    one, as (id, channel, payload) or as a dictionary, which is a gap."""

    def __init__(self, spoil=lambda subscription, event: [event]):
        self.spoil = spoil
        self.log = []  # (id, channel, payload), of all channels
        self._keys = {}
        self._last = 0
        self._grown = asyncio.Condition()
        self._servers = []

    # What a stage is asked for.

    async def up(self):
        for handle in (self._redis, self._http):
            self._servers.append(await asyncio.start_server(self._quietly(handle), "127.0.0.1", 0))
        self.port = self._servers[1].sockets[0].getsockname()[1]

    async def down(self):
        for server in self._servers:
            server.close()

    def redis_port(self):
        return self._servers[0].sockets[0].getsockname()[1]

    async def era(self):
        return ERA

    def members(self):
        return []

    @staticmethod
    def _quietly(handle):
        async def handler(reader, writer):
            try:
                await handle(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort()

        return handler

    # Redis.

    async def _redis(self, reader, writer):
        while line := await reader.readline():
            arguments = []
            for _ in range(int(line[1:])):
                length = int((await reader.readline())[1:])
                arguments.append((await reader.readexactly(length + 2))[:-2])
            _, _, _, key, payload, *options = arguments
            named = dict(zip(options[::2], options[1::2]))
            identity = await self._publish(key.decode().partition(":")[2], payload.decode(), named[b"key"])
            writer.write(b"$%d\r\n%s\r\n" % (len(identity), identity.encode()))

    async def _publish(self, channel, payload, key):
        if key not in self._keys:
            self._last = max(self._last + 1, int(time.time() * 1_000))
            self._keys[key] = f"{self._last}-0"
            self.log.append((self._keys[key], channel, payload))
            async with self._grown:
                self._grown.notify_all()
        return self._keys[key]

    # HTTP.

    async def _http(self, reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            request, *lines = head.decode().split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            parts = urlsplit(request.split(" ")[1])
            if parts.path == "/session":
                fields |= json.loads(await reader.readexactly(int(fields["content-length"])))
            await self._answer(parts, fields, writer)

    async def _answer(self, parts, fields, writer):
        host, query = fields["host"], parse_qs(parts.query)
        if parts.path == "/session":
            url = f"http://s1-a.{host}/events?{'&'.join(f'channel={channel}' for channel in fields['channels'])}"
            return self._whole(writer, {"url": url})
        if host.startswith("push."):
            writer.write(f"HTTP/1.1 307 Go\r\nLocation: //s1-a.{host}{parts.path}?{parts.query}\r\n\r\n".encode())
            return
        position = fields.get("last-event-id") or query.get("position", [None])[0]
        start = position and id_in(position)
        index = bisect_right(self.log, parse_id(start), key=lambda event: parse_id(event[0])) if start else len(self.log)
        accept = fields.get("accept", "")
        if "json" in accept or "callback" in query:
            await self._poll(writer, query, index)
            return
        kind = "text/event-stream" if "event-stream" in accept else "application/x-ndjson"
        is_socket = query.get("transport") == ["websocket"]
        status = "101 Switching Protocols" if is_socket else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n\r\n".encode())
        as_sse = kind == "text/event-stream"
        write = self._sse if as_sse and "format" not in query else self._sse_object if as_sse else self._line
        if query.get("transport") == ["iframe"]:
            writer.write(b"<!doctype html>\n<script></script>\n")
            write = self._script
        elif query.get("transport") == ["multipart"]:
            writer.write(b"--halley\r\n")
            write = self._part
        while not writer.is_closing():
            events, index = await self._events(query, index)
            for event in events:
                text = write(event).encode()
                writer.write(b"\x81\x7f" + len(text).to_bytes(8, "big") + text if is_socket else text)

    async def _poll(self, writer, query, index):
        events, index = await self._events(query, index)
        self._whole(writer, {"position": f"{self.log[index - 1][0]}.{ERA}", "events": list(map(self._object, events))},
                    query.get("callback", [None])[0])

    @staticmethod
    def _whole(writer, content, callback=None):
        body = json.dumps(content).encode()
        if callback:
            body = b"/**/%s(%s);\n" % (callback.encode(), body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _events(self, query, index):
        """Waits for events on the channels asked for; returns them, and where to go on."""
        while True:
            mine = [event for event in self.log[index:] if event[1] in query["channel"]]
            if mine:
                return [given for event in mine for given in self.spoil(query, event)], len(self.log)
            async with self._grown:
                await self._grown.wait()

    @staticmethod
    def _object(event):
        if isinstance(event, dict):
            return {"gap": event, "position": f"{event['to']}.{ERA}"}
        identity, channel, payload = event
        return {"id": identity, "channel": channel, "position": f"{identity}.{ERA}", "data": json.loads(payload)}

    def _line(self, event):
        return json.dumps(self._object(event)) + "\n"

    def _script(self, event):
        return f"<script>m({json.dumps(self._object(event))})</script>\n"

    def _part(self, event):
        return f"Content-Type: application/json\r\n\r\n{json.dumps(self._object(event))}\r\n--halley\r\n"

    def _sse_object(self, event):
        content = self._object(event)
        kind, data = ("~gap", content["gap"]) if "gap" in content else (content["channel"], content)
        return f"id: {content['position']}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"

    @staticmethod
    def _sse(event):
        if isinstance(event, dict):
            return f"id: {event['to']}.{ERA}\nevent: ~gap\ndata: {json.dumps(event)}\n\n"
        identity, channel, payload = event
        return f"id: {identity}.{ERA}\nevent: {channel}\ndata: {payload}\n\n"

