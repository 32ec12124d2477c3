"""The decisions of halley.js by themselves, from its sources: what is an event that comes again, how long to wait, which
transport is next."""

import mimetypes
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "Sources" / "HalleyBrowser"


@pytest.fixture
def run(page, site):
    """Runs a script with the exports of one module as `it`."""
    def serve(route):
        path = SOURCES / route.request.url.split("/sources/")[1]
        route.fulfill(path=path, content_type=mimetypes.guess_type(path)[0])

    page.route("**/sources/**", serve)
    page.goto(f"http://127.0.0.1:{site.server_port}/")
    return lambda module, script, argument=None: page.evaluate(
        f"async (argument) => {{ const it = await import('/sources/{module}'); {script} }}", argument)


A = "0123456789abcdef"
B = "fedcba9876543210"


EVENTS = [  # where the client stands, an event, whether it is known
    # Durable: by the id, within an era.
    ("1000-5.aaaaaa", {"id": "1000-5", "position": "1000-5.aaaaaa"}, True),
    ("1000-5.aaaaaa", {"id": "1000-4", "position": "1000-4.aaaaaa"}, True),
    ("1000-5.aaaaaa", {"id": "999-9", "position": "999-9.aaaaaa"}, True),
    ("1000-5.aaaaaa", {"id": "1000-6", "position": "1000-6.aaaaaa"}, False),
    ("1000-5.aaaaaa", {"id": "1000-10", "position": "1000-10.aaaaaa"}, False),
    ("1000-5.aaaaaa", {"id": "1001-0", "position": "1001-0.aaaaaa"}, False),
    ("1000-5.aaaaaa", {"id": "900-0", "position": "900-0.bbbbbb"}, False),
    (f"1000-5.aaaaaa~{A}.7", {"id": "1000-6", "position": f"1000-6.aaaaaa~{B}.1"}, False),
    (f"1000-5.aaaaaa~{A}.7", {"id": "1000-5", "position": f"1000-5.aaaaaa~{B}.1"}, True),
    # Live: by the count of the worker that sent it.
    (f"1000-5.aaaaaa~{A}.7", {"position": f"1000-5.aaaaaa~{A}.7"}, True),
    (f"1000-5.aaaaaa~{A}.7", {"position": f"1000-5.aaaaaa~{A}.6"}, True),
    (f"1000-5.aaaaaa~{A}.7", {"position": f"1000-5.aaaaaa~{A}.8"}, False),
    (f"1000-5.aaaaaa~{A}.9", {"position": f"1000-5.aaaaaa~{A}.10"}, False),
    (f"1000-5.aaaaaa~{A}.7", {"position": f"1000-5.aaaaaa~{B}.1"}, False),
    ("1000-5.aaaaaa", {"position": f"1000-5.aaaaaa~{A}.1"}, False),
    ("1000-5.aaaaaa", {"position": "1000-5.aaaaaa"}, False),
    # What says nothing that can be read is new.
    ("", {"id": "1000-5", "position": "1000-5.aaaaaa"}, False),
    ("1000-5.aaaaaa", {"id": "1000-5"}, False),
    ("1000-5.aaaaaa", {}, False),
    ("1000-5.aaaaaa,2000-1.bbbbbb", {"id": "1000-5", "position": "1000-5.aaaaaa,2000-1.bbbbbb"}, False),
    ("new form", {"id": "1000-5", "position": "new form"}, False),
]


def test_an_event_that_comes_again(run):
    script = "return argument.map(([here, event]) => new it.Place(here)._knows({channel: 'a', ...event}));"
    assert list(zip(EVENTS, run("client/place.js", script, EVENTS))) == [(row, row[2]) for row in EVENTS]


def test_a_channel_that_was_added_stands_for_itself(run):
    assert run("client/place.js", """
        const place = new it.Place('1000-0.aaaaaa');
        const own = (id, channel = 'b') => place._knows({id, channel, own: id + '.aaaaaa'});
        const seen = [own('500-0')];                       // its past is older than where the others stand
        place._move('500-0.aaaaaa', 'b');
        seen.push(own('500-0'), own('501-0'));
        place._move('1001-0.aaaaaa', 'b');
        seen.push(place._knows({id: '1001-0', channel: 'b', position: '1001-0.aaaaaa'}));   // as after a reconnect
        seen.push(place._knows({id: '1001-0', channel: 'a', position: '1001-0.aaaaaa'}));
        place._join(['b']);
        seen.push(place._knows({id: '1001-0', channel: 'b', position: '1001-0.aaaaaa'}));
        return [...seen, place._text];
    """) == [False, True, False, True, False, False, "1000-0.aaaaaa"]


def test_waits_are_anything_up_to_a_bound_that_doubles(run):
    assert run("client/backoff.js", """
        const bounds = [];
        for (const least of [0, 1]) {
            Math.random = () => least;
            const backoff = new it.Backoff(500, 30000);
            bounds.push([...Array(9)].map(() => backoff._next()));
            backoff._reset();
            bounds.push(backoff._next());
        }
        return bounds;
    """) == [[0] * 9, 0, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000], 500]


CHOICE = """
    const [a, b, c] = ['a', 'b', 'c'].map((_name) => ({_name, _isStream: _name !== 'c'}));
    let now = 1e12;
    Date.now = () => now;
    const HOUR = 3600e3;
    const choice = () => new it.Choice('test', [a, b, c]);
    localStorage.clear();
"""


def test_what_fails_is_passed_over_for_a_while(run):
    assert run("client/choice.js", CHOICE + """
        const one = choice();
        const seen = [one._current._name];
        seen.push(one._blame([a]), one._current._name, one._blame([b]), one._current._name);
        now += HOUR;
        seen.push(one._current._name);
        return seen;
    """) == ["a", True, "b", True, "c", "a"]


def test_when_all_fail_all_have_another_chance(run):
    assert run("client/choice.js", CHOICE + """
        const one = choice();
        return [one._blame([a, b]), one._current._name, one._blame([c]), one._current._name];
    """) == [True, "c", False, "a"]


def test_what_worked_is_remembered_for_the_next_page(run):
    assert run("client/choice.js", CHOICE + """
        const first = choice();
        first._blame([a]);
        first._worked(b);
        const next = choice();
        const seen = [next._current._name, next._isProven(b), next._isProven(a)];
        now += HOUR + 1;
        const later = choice();
        seen.push(later._current._name, later._isProven(b));
        localStorage.setItem('halley test', '{"name":"gone","until":9e15}');
        seen.push(choice()._current._name);
        localStorage.setItem('halley test', 'no JSON');
        seen.push(choice()._current._name);
        return seen;
    """) == ["b", True, False, "a", False, "a", "a"]


def test_what_is_not_given_is_as_it_comes(run):
    read = lambda text: run("client/options.js", f"return it.read({text});")
    usual = read("{}")
    assert usual["heartbeat"] == 15_000 and usual["backoff"] == {"least": 500, "most": 30_000}
    assert read("{heartbeat: undefined, patience: null, backoff: undefined}") == usual
    assert read("{backoff: {least: 100}}")["backoff"] == {"least": 100, "most": 30_000}
    assert read("{backoff: {most: undefined}, poll: 9}") == {**usual, "poll": 9}


@pytest.mark.parametrize("options", [
    "{heartbeat: NaN}", "{poll: -1}", "{patience: 0}", "{patience: Infinity}", "{patience: 'soon'}", "{backoff: {least: NaN}}",
    "{channels: 'news'}", "{transports: 'sse'}"])
def test_options_that_can_not_be_are_told_at_once(run, options):
    script = f"try {{ it.read({options}); }} catch (error) {{ return error.name; }}"
    assert run("client/options.js", script) == "TypeError"


def test_the_apex_is_taken_without_what_is_no_part_of_it(run):
    apex = lambda url: run("client/options.js", "try { return it.apex(argument); } catch (error) { return error.name; }", url)
    assert apex("https://push.example.com/") == "https://push.example.com"
    assert apex("https://push.example.com/comet//") == "https://push.example.com/comet"
    for url in ["https://push.example.com/?a=1", "https://push.example.com/#a", "http://"]:
        assert apex(url) == "TypeError", url
