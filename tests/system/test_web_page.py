"""The web page in a real browser, with a real assistant and a simulated home behind it."""

from __future__ import annotations

import queue
import signal
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from processes import Watched

from edgevoice import assembly, profiles, watchers
from edgevoice.assembly import Wanted
from edgevoice.assistant import Assistant
from edgevoice.audio.speaker import NullSink
from edgevoice.config import Settings, WebSettings
from edgevoice.messages import RATE, AudioChunk, Event, ListenEvent, WakeHeard
from edgevoice.model_store import Store
from edgevoice.service.web.meter import Meter
from edgevoice.service.web.settings_file import SettingsFile
from edgevoice.service.web.web import Web
from edgevoice.stages import WakeScore

SECONDS = 10.0  # no test waits so long unless it fails
VIEWS = ("live", "home", "try", "settings", "system")
# The least contrast of any text that is shown, against the nearest ground below it, and what it is of.
CONTRAST = """(() => {
  const channels = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = channels(c).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (n) => { for (; n; n = n.parentElement) { const c = channels(getComputedStyle(n).backgroundColor); if (c.length === 3 || c[3] > 0) return getComputedStyle(n).backgroundColor; } return 'rgb(255, 255, 255)'; };
  let least = [99, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const n = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !n.checkVisibility() || n.closest('.sr, .skip, option')) continue;
    const style = getComputedStyle(n);
    const [a, b] = [light(n.namespaceURI.endsWith('svg') ? style.fill : style.color), light(ground(n))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least[0]) least = [ratio, n.className + ' ' + walk.currentNode.data];
  }
  return least;
})()"""
UNLABELLED = """[...document.querySelectorAll('input, select, textarea, button, meter, a, [role=img]')]
  .filter((n) => n.checkVisibility() && !(n.labels?.length || n.textContent.trim() || n.getAttribute('aria-label') || n.querySelector('text'))).map((n) => n.outerHTML)"""


class Ear:
    """A listener that hears what the test puts in, one event a chunk."""

    words = ("alexa",)
    listening = False

    def __init__(self) -> None:
        self.events: queue.Queue[ListenEvent] = queue.Queue()

    def wake_peaks(self) -> Mapping[str, WakeScore]:
        return {"alexa": WakeScore(0.25, 0.9)}

    def listen_now(self, at: int) -> None:
        """It hears what it is given anyway."""

    def feed(self, chunk: AudioChunk) -> Iterator[ListenEvent]:
        try:
            yield self.events.get(timeout=0.01)
        except queue.Empty:
            return


class Room:
    """A microphone in a room with a hum."""

    def __enter__(self) -> Iterator[AudioChunk]:
        return (AudioChunk(np.full(160, 1000, np.int16), RATE, 160 * i) for i in iter(int, 1))

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing was opened."""


HEALTH = {
    "status": "degraded",
    "stages": {"ears": {"ok": True, "problem": ""}, "mqtt": {"ok": False, "problem": "away"}},
}


class Place:
    """A running assistant with a page: where it is, and what stands behind it."""

    def __init__(self, url: str, ear: Ear, web: Web, folder: Path) -> None:
        self.url, self.ear, self.web, self.folder = url, ear, web, folder


@contextmanager
def running(folder: Path, host: str = "127.0.0.1") -> Iterator[Place]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    base = Settings(web=WebSettings(port=port, host=host))
    base = replace(
        base, home=replace(base.home, state_file=folder / "state.json"), mqtt=replace(base.mqtt, announce=False)
    )
    file = SettingsFile(folder / "settings.yaml", profiles.load("x86-cpu"), base)
    ear = Ear()
    with (
        assembly.demo_home(base) as settings,
        assembly.stages(settings, Store(), NullSink(), Wanted(speech=False, voice=False, llm=False)) as stages,
    ):
        watching: list[Callable[[Event], None]] = []
        meter = Meter(Room(), ear)
        assistant = Assistant(
            meter, ear, stages, lambda event: [watch(event) for watch in watching] and None, lambda name: None  # type: ignore[arg-type]
        )  # fmt: skip
        with watchers.web(settings, stages, assistant, watchers.Page(file, meter, lambda: HEALTH)) as web:
            watching.append(web.observe)
            thread = threading.Thread(target=assistant.run)
            thread.start()
            try:
                yield Place(f"http://localhost:{port}/", ear, web, folder)
            finally:
                assistant.stop()
                thread.join(SECONDS)
                assert not thread.is_alive()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path) as made:
        yield made
        assert [line for line in made.said if "error" in line.lower() and "401" not in line] == []


def type_(browser: Browser, form: str, field: str, text: str) -> None:
    browser.run(f"(() => {{ document.getElementById('{field}').value = {text!r}; }})()")
    browser.run(f"document.querySelector('#{form} .primary').click()")


def test_a_typed_sentence_becomes_a_turn_that_is_seen_at_once(place: Place, browser: Browser) -> None:
    browser.open(place.url)
    browser.until("document.querySelector('#link.on') && document.querySelectorAll('.device').length > 10")
    assert browser.run("performance.getEntriesByName('first-contentful-paint')[0].startTime") < 1000
    for number in range(1, 11):
        type_(browser, "say-form", "say", f"turn {'on' if number % 2 else 'off'} the desk lamp")
        browser.until(f"document.querySelectorAll('.turn[data-state=done]').length === {number}")
    assert "turn off the desk lamp" in browser.run("document.querySelector('.turn .said').textContent")
    assert browser.run("document.querySelector('.turn .chip.good').textContent").startswith("✓ light.office_desk")
    assert browser.run("document.querySelectorAll('.turn')[0].querySelectorAll('.time rect').length") >= 3
    late = browser.run("performance.getEntriesByName('turn').map((one) => one.detail.shown - one.detail.told)")
    assert len(late) >= 50
    assert statistics.median(late) < 100
    browser.run("location.hash = '#home'")
    browser.until("document.querySelector('[data-device=\"light.office_desk\"] .state').textContent === 'off'")


def test_a_wake_word_and_the_meters_are_seen(place: Place, browser: Browser) -> None:
    browser.open(place.url)
    browser.until("document.querySelector('#word-alexa output')?.textContent === '0.25'")
    assert browser.run("document.getElementById('level').value") == pytest.approx(90 - 30.3, abs=0.1)
    place.ear.events.put(WakeHeard("alexa", 0.97, 0))
    browser.until("document.querySelector('.turn.now .chip')?.textContent === 'alexa 0.97'")
    browser.run("document.getElementById('mute').click()")
    browser.until("document.getElementById('mute').getAttribute('aria-pressed') === 'true'")
    browser.run("location.hash = '#system'")
    browser.until("document.querySelectorAll('#stages tr').length > 3")
    end = time.monotonic() + SECONDS
    while place.web.is_metering and time.monotonic() < end:
        threading.Event().wait(0.05)
    assert not place.web.is_metering  # nobody looks any more


def test_a_lesson_is_taught_tried_done_and_taken_back(place: Place, browser: Browser) -> None:
    browser.open(f"{place.url}#try")
    browser.until("document.querySelector('#name-device option[value=\"light.office_desk\"]')")
    type_(browser, "explain-form", "sentence", "turn on the gizmo")
    browser.until("document.querySelector('.verdict h3').textContent === 'Not understood'")
    browser.run("document.getElementById('name-device').value = 'light.office_desk'")
    type_(browser, "name-form", "name-said", "the gizmo")
    browser.until("document.getElementById('teach-done').textContent.includes('understood from now on')")
    type_(browser, "explain-form", "sentence", "turn on the gizmo")
    browser.until("document.querySelector('.layer.decided h3')?.textContent === 'templates'")
    browser.run("document.getElementById('do-it').click()")
    browser.until(
        "document.querySelector('.turn[data-state=done] .chip.good')?.textContent.includes('light.office_desk')"
    )
    browser.run("location.hash = '#try'")
    browser.until("document.querySelector('#lessons button')")
    browser.run("document.querySelector('#lessons button').click()")
    browser.until("document.getElementById('lessons').textContent.includes('Nothing yet')")


def test_settings_are_checked_while_they_are_written(place: Place, browser: Browser) -> None:
    browser.open(f"{place.url}#settings")
    browser.until("document.querySelectorAll('#settings-rows tr').length > 50")
    write = "(() => {{ const t = document.getElementById('settings-text'); t.value = {0!r}; t.dispatchEvent(new Event('input')); }})()"
    browser.run(write.format("# mine\naudio:\n  volume: loud\n"))
    browser.until("document.querySelector('#gutter b')?.textContent === '3'")
    assert "audio.volume" in browser.run("document.getElementById('settings-problem').textContent")
    browser.run("document.getElementById('settings-save').click()")
    browser.run(write.format("audio:\n  volume: 0.5\n"))
    browser.until("!document.querySelector('#gutter b')")
    browser.run("document.getElementById('settings-save').click()")
    browser.until("document.getElementById('settings-done').textContent.startsWith('Saved')")
    assert (place.folder / "settings.yaml").read_text() == "audio:\n  volume: 0.5\n"


def test_what_is_saved_is_put_in_force_while_the_page_stays_open(
    watched: Callable[..., Watched], browser: Browser, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    path = tmp_path / "settings.yaml"
    path.write_text(f"web: {{port: {port}}}\n")
    running = watched("run", "--profile", "x86-cpu", "--no-llm", "--json", "--config", path)
    running.says('"words": ["hey_jarvis"]')
    browser.open(f"http://localhost:{port}/#settings")
    write = "(() => {{ const t = document.getElementById('settings-text'); t.value += {0!r}; }})()"
    save = "document.getElementById('settings-save').click()"
    browser.until("document.getElementById('settings-text').value")
    browser.run(write.format("wake: {words: [alexa]}\n"))
    browser.run(save)
    running.says('"words": ["alexa"]')
    browser.until("document.getElementById('settings-done').textContent === 'Saved, and in force.'")
    browser.run(write.format("home: {file: missing.yaml}\n"))
    browser.run(save)
    running.says("going on with the old ones")
    browser.until("document.getElementById('settings-problem').textContent.startsWith('Not in force: ')")
    browser.run("location.hash = '#system'")
    browser.until("[...document.querySelectorAll('#parts .bad')].some((one) => one.textContent.includes('mqtt'))")
    assert running.ends_on(signal.SIGTERM) == 0
    browser.said[:] = [line for line in browser.said if '"source": "network"' not in line]  # nobody answered meanwhile


def test_everybody_can_read_and_reach_it(place: Place, browser: Browser) -> None:
    browser.open(place.url)
    browser.until("document.querySelectorAll('.device').length > 10")
    type_(browser, "say-form", "say", "turn on the desk lamp")
    browser.until("document.querySelector('.turn[data-state=done]')")
    browser.run("document.getElementById('sentence').value = 'it is far too dark in here'; explain()")
    browser.until("document.querySelectorAll('.layer').length > 3")
    for width in (360, 1280):
        browser.resize(width, 800, mobile=width < 500)
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            for view in VIEWS:
                browser.run(f"location.hash = '#{view}'")
                browser.until(f"!document.getElementById('view-{view}').hidden")
                ratio, what = browser.run(CONTRAST)
                assert ratio >= 4.5, f"{view} {scheme}: {what}"
                assert browser.run(UNLABELLED) == []
                assert browser.run("document.documentElement.scrollWidth <= innerWidth"), f"{view} at {width}"


def test_the_keyboard_reaches_everything(place: Place, browser: Browser) -> None:
    browser.open(place.url)
    browser.until("document.querySelector('#link.on')")
    seen = []
    for _ in range(11):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(browser.run("document.activeElement.id || document.activeElement.hash"))
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert seen[0] == "#main"
    assert {"#home", "#try", "#settings", "#system", "say", "say-aloud", "mute"} <= set(seen)


def test_a_token_opens_a_wider_page_and_leaves_no_trace(tmp_path: Path, browser: Browser) -> None:
    with running(tmp_path, "0.0.0.0") as place:
        token = (tmp_path / "web-token").read_text().strip()
        browser.open(place.url)
        browser.until("!document.getElementById('login').hidden")
        type_(browser, "login-form", "token", "wrong")
        browser.until("document.getElementById('login-problem').textContent.includes('not the token')")
        assert browser.run("document.querySelectorAll('.device').length") == 0
        browser.open("about:blank")
        browser.open(f"{place.url}#token={token}")
        browser.until("document.querySelectorAll('.device').length > 10")
        assert token not in browser.run("location.href + document.cookie + document.body.innerHTML")
        browser.open("about:blank")
        browser.open(place.url)
        browser.until("document.querySelectorAll('.device').length > 10")
