"""The transports that subscribers come by. A new one is a row here, and a module if it is read in a way of its own."""

from dataclasses import dataclass, field

from event_source import EventSource
from line_reader import LineReader
from long_poller import LongPoller


@dataclass(frozen=True)
class Transport:
    name: str
    kind: type
    weight: int  # its share of the subscribers
    query: dict = field(default_factory=dict)  # added to the URL


TRANSPORTS = {transport.name: transport for transport in (
    Transport("sse", EventSource, 4),
    Transport("sse-json", EventSource, 2, {"format": "json"}),
    Transport("stream", LineReader, 2),
    Transport("long-poll", LongPoller, 2),
)}
