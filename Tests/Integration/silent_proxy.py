"""A TCP proxy that can fall silent: connections stay up and carry nothing, as behind a firewall that forgot them."""

import socket
import threading


class _Pair:
    def __init__(self, near, far):
        self.near, self.far = near, far
        self.is_silent = False
        self.sent = b""

    def close(self):
        for end in (self.near, self.far):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class SilentProxy:
    def __init__(self, target_port):
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs = []
        self._lock = threading.Lock()
        self._swallows_new = False
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self, holding=b"", new=False):
        """Silences the present connections on which the client has sent `holding`, and all new ones if asked.

        Returns how many it silenced.
        """
        with self._lock:
            chosen = [pair for pair in self._pairs if holding in pair.sent]
            for pair in chosen:
                pair.is_silent = True
            self._swallows_new = new
        return len(chosen)

    def heal(self):
        """New connections work again; the silent ones stay silent for ever."""
        with self._lock:
            self._swallows_new = False

    def close(self):
        self._listener.close()
        with self._lock:
            for pair in self._pairs:
                pair.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            pair = _Pair(near, far)
            with self._lock:
                pair.is_silent = self._swallows_new
                self._pairs.append(pair)
            threading.Thread(target=self._pump, args=(pair, near, far, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(pair, far, near, False), daemon=True).start()

    def _pump(self, pair, source, sink, is_from_client):
        try:
            while data := source.recv(65_536):
                if is_from_client:
                    pair.sent += data
                if not pair.is_silent:
                    sink.sendall(data)
        except OSError:
            pass
        finally:
            if not pair.is_silent:
                pair.close()
