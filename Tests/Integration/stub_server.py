"""A worker or a coordinator as the router sees one: answers its health check and tells what it was asked.

    python3 stub_server.py NAME PORT

`GET /events?do=…`: `echo` (the default: the request's head as it arrived), `hold` (a stream that stays silent),
`flood` (a stream as fast as it goes), `wait` (no answer), `error` (a 503). With `Accept: text/event-stream`: a stream
of ten events a second. An upgrade gets 101 and its bytes back, `do=refuse` a 400. `gone SECONDS` is logged when a client
of `hold`, `flood` or `wait` leaves.
"""

import asyncio
import base64
import hashlib
import re
import sys
import time


async def serve(name, reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(name, head, reader, writer)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass
    finally:
        writer.close()


async def answer(name, head, reader, writer):
    fields = f"Halley-Worker: {name}\r\n".encode()
    asked = re.search(rb"[?&]do=([a-z]+)", head.split(b"\r\n", 1)[0])
    do = asked.group(1) if asked else b"echo"
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
    if length:
        await reader.readexactly(int(length.group(1)))
    if b"upgrade: websocket" in head.lower() and do != b"refuse":
        # HAProxy checks the proof (RFC 6455, section 4.2.2) before it opens the tunnel.
        key = re.search(rb"(?i)\r\nsec-websocket-key: *(\S+)\r\n", head).group(1)
        proof = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: " + proof + b"\r\n" + fields + b"\r\n")
        while data := await reader.read(1024):
            writer.write(data)
            await writer.drain()
        raise ConnectionError
    if do in (b"hold", b"flood", b"wait"):
        began = time.monotonic()
        try:
            if do != b"wait":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + fields + b"\r\n2\r\n\n\n\r\n")
            while do == b"flood":
                writer.write(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
                await writer.drain()
            await reader.read(1)
        finally:
            print("gone", round(time.monotonic() - began, 2), flush=True)
        raise ConnectionError
    if b"text/event-stream" in head and do == b"echo":
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n" + fields + b"\r\n")
        while True:
            event = b"data: %d\n\n" % int(time.time() * 1000)
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(0.1)
    status = {b"error": b"503 Service Unavailable", b"refuse": b"400 Bad Request"}.get(do, b"200 OK")
    writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(head), fields, head))
    await writer.drain()


async def main(name, port):
    server = await asyncio.start_server(
        lambda reader, writer: serve(name, reader, writer), "127.0.0.1", port, limit=1 << 17, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
