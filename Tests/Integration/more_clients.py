"""Clients that read scripts and parts: a JSONP page, the page around a forever frame, a reader of multipart/x-mixed-replace."""

import json
import re
import time

from clients import Held, LineStream, LongPoller, events_path
from http_wire import request

PAGE = "http://push.localhost:8080"  # the apex of a worker that was told no other


def arguments(text):
    """The object that a script hands to its function. It is JSON but where a payload goes through `JSON.parse`."""
    decoder = json.JSONDecoder()
    output, place, is_string = "", 0, False
    while place < len(text):
        if not is_string and text.startswith("JSON.parse(", place):
            inner, place = decoder.raw_decode(text, place + len("JSON.parse("))
            assert text[place] == ")", text[place : place + 40]
            output += inner
        elif is_string and text[place] == "\\":
            output += text[place : place + 2]
            place += 1
        else:
            is_string ^= text[place] == '"'
            output += text[place]
        place += 1
    return json.loads(output)


def assert_is_harmless(script):
    """Nothing in it ends the script that it stands in, or a line of it."""
    for forbidden in ("<", ">", "\u2028", "\u2029", "\n", "\r"):
        assert forbidden not in script, (forbidden, script[:200])


def called(body, callback="cb"):
    """The object that a JSONP answer calls the function with."""
    text = body.decode()
    assert text.startswith(f"/**/{callback}(") and text.endswith(");\n"), text[:200]
    inner = text[len(f"/**/{callback}(") : -len(");\n")]
    assert_is_harmless(inner)
    return arguments(inner)


class ScriptPoller(LongPoller):
    """A page that asks by script tags, each time from where the last answer ended."""

    def __init__(self, address, *channels, host="push.localhost", callback="cb", **query):
        super().__init__(address, *channels, host=host, **query)
        self.callback = callback

    def poll(self, within=10.0):
        """One script; returns the events of its call."""
        query = self.query | {"callback": self.callback} | ({"position": self.position} if self.position else {})
        self.response = request(
            self.address, "GET", events_path(*self.channels, **query), self.host, {"Accept": "*/*"}, within=within)
        assert self.response.status == 200, self.response
        answer = called(self.response.body, self.callback)
        assert "error" not in answer, answer
        self.position = answer.get("position", self.position)
        return answer["events"]


class Frame(LineStream):
    """What the page around a forever frame is told: a script a line, behind a prelude that ends with its own script."""

    def __init__(self, address, *channels, origin=PAGE, **query):
        self.prelude = b""
        super().__init__(address, *channels, transport="iframe", origin=origin, **query)

    def next_line(self, within=5.0):
        deadline = time.monotonic() + within
        while b"</script>\n" not in self.prelude:
            self.prelude += self._line(deadline)
        line = self._line(deadline).decode()
        assert line.startswith("<script>m(") and line.endswith(")</script>\n"), line[:200]
        script = line[len("<script>m(") : -len(")</script>\n")]
        assert_is_harmless(script)
        return arguments(script)

    def _line(self, deadline):
        while b"\n" not in self._pending:
            self._pending += self.read(deadline)
        line, _, self._pending = self._pending.partition(b"\n")
        return line + b"\n"


class Parts(LineStream):
    """A reader of parts, each of them complete with the boundary behind it."""

    def __init__(self, address, *channels, headers=None, **query):
        self._has_begun = False
        accept = {"Accept": "multipart/x-mixed-replace"}
        super().__init__(address, *channels, headers=accept | (headers or {}), **query)
        if self.status == 200:
            found = re.fullmatch(r"multipart/x-mixed-replace; boundary=(\S+)", self.headers["Content-Type"])
            self.boundary = f"--{found.group(1)}\r\n".encode()

    def next_line(self, within=5.0):
        """The next part's object."""
        deadline = time.monotonic() + within
        if not self._has_begun:
            self._until(self.boundary, deadline)
            self._has_begun = True
        part = self._until(b"\r\n" + self.boundary, deadline)
        head, _, body = part.partition(b"\r\n\r\n")
        assert head == b"Content-Type: application/json", head
        return json.loads(body)

    def _until(self, mark, deadline):
        while mark not in self._pending:
            self._pending += self.read(deadline)
        before, _, self._pending = self._pending.partition(mark)
        return before
