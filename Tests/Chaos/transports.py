"""The transports that subscribers come by. A new one is a row here, and a module if it is read in a way of its own."""

from dataclasses import dataclass, field

from event_source import EventSource
from line_reader import FrameReader, LineReader, PartReader, SocketReader
from long_poller import LongPoller, ScriptPoller


@dataclass(frozen=True)
class Transport:
    name: str
    kind: type
    weight: int  # its share of the subscribers
    query: dict = field(default_factory=dict)  # added to the URL; {port} stands for the cluster's


TRANSPORTS = {transport.name: transport for transport in (
    Transport("sse", EventSource, 4),
    Transport("sse-json", EventSource, 2, {"format": "json"}),
    Transport("stream", LineReader, 2),
    Transport("long-poll", LongPoller, 2),
    Transport("jsonp", ScriptPoller, 1, {"callback": "halley._1"}),
    Transport("iframe", FrameReader, 1, {"transport": "iframe", "origin": "http://push.localhost:{port}"}),
    Transport("websocket", SocketReader, 3, {"transport": "websocket"}),
    Transport("multipart", PartReader, 1, {"transport": "multipart"}),
)}
