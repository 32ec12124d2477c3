"""One HTTP/2 connection by TLS that carries several requests, each to a host of its own, as browsers' do."""

import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

PATIENCE = 5.0


class Stream:
    def __init__(self, connection, number):
        self._connection = connection
        self._number = number
        self.headers = None
        self.body = b""
        self.has_ended = False
        self.is_read = True

    @property
    def status(self):
        self._connection.until(lambda: self.headers is not None, f"an answer on stream {self._number}")
        return int(self.headers[":status"])

    def until(self, text):
        """The body, when it holds the text."""
        self._connection.until(lambda: text in self.body, f"{text!r} on stream {self._number}, which has {self.body!r}")
        return self.body

    def send(self, data):
        self._connection.send(self._number, data)


class HTTP2:
    def __init__(self, address, authority, server_name):
        context = ssl.create_default_context(cafile=str(authority.trusted))
        context.set_alpn_protocols(["h2"])
        self._socket = context.wrap_socket(socket.create_connection(address, PATIENCE), server_hostname=server_name)
        assert self._socket.selected_alpn_protocol() == "h2"
        self._wire = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._wire.initiate_connection()
        self._flush()
        self._streams = {}
        self._has_settings = False
        self.until(lambda: self._has_settings, "the server's settings")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    @property
    def offers_extended_connect(self):
        return bool(self._wire.remote_settings.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL, 0))

    def get(self, host, path, **fields):
        return self._request([(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", path)], fields)

    def websocket(self, host, path, **fields):
        """RFC 8441's extended CONNECT."""
        return self._request([
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", host),
            (":path", path), ("sec-websocket-version", "13"),
        ], fields, ends=False)

    def tunnel(self, authority):
        """The CONNECT of RFC 9113, section 8.5."""
        return self._request([(":method", "CONNECT"), (":authority", authority)], {}, ends=False)

    def leave_unread(self, stream):
        """From here on the stream's window stays as it is; the connection's goes on."""
        stream.is_read = False

    def _request(self, head, fields, ends=True):
        number = self._wire.get_next_available_stream_id()
        self._wire.send_headers(number, head + list(fields.items()), end_stream=ends)
        self._flush()
        self._streams[number] = Stream(self, number)
        return self._streams[number]

    def send(self, number, data):
        self._wire.send_data(number, data)
        self._flush()

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self._socket.recv(65_536)
            except TimeoutError:
                continue
            assert data, f"the connection ended before: {what}"
            for event in self._wire.receive_data(data):
                self._take(event)
            self._flush()

    def _take(self, event):
        stream = self._streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if stream.is_read:
                self._wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            else:
                self._wire.increment_flow_control_window(max(1, event.flow_controlled_length))
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self._has_settings = True
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            stream.has_ended = True

    def _flush(self):
        self._socket.sendall(self._wire.data_to_send())
