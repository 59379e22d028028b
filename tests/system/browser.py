"""Chromium without a screen, spoken to by its DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

_OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
]
_AT_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3]]
for end, wanted in zip(ends, (3, 4)):
    os.dup2(end, wanted)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""The pipe's ends, which may have any number, as Chromium looks for them."""
SECONDS = 30.0  # no test waits so long unless it fails


def program() -> str:
    """Chromium's path. Where there is none the test is skipped, in CI too: not every machine that tests has a browser."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium: apt install chromium")
    return found


class Browser:
    """One page of a browser of its own, whose profile is in `folder`."""

    def __init__(self, folder: Path, width: int = 1280, height: int = 800, scale: float = 1.0) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        place = ["--remote-debugging-pipe", f"--user-data-dir={folder / 'chromium'}", "about:blank"]
        with open(folder / "chromium.log", "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _AT_3_AND_4, str(to_browser), str(from_browser), program(), *_OPTIONS, *place],
                pass_fds=(to_browser, from_browser), stdout=log, stderr=log,
            )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._rest, self._number, self._session = b"", 0, ""
        self.said: list[str] = []
        """What the page wrote to its console, and what it threw."""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height, scale)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(SECONDS)
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        wanted = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            wanted["sessionId"] = self._session
        os.write(self._write, json.dumps(wanted).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for told in self._messages(until - time.monotonic()):
                if told.get("id") == self._number:
                    assert "error" not in told, told["error"]
                    return told["result"]
        raise AssertionError(f"Chromium does not answer {method}")

    def resize(self, width: int, height: int, scale: float = 1.0, mobile: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile
        )

    def scheme(self, scheme: str) -> None:
        """`dark` or `light`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script: str) -> Any:
        """Waits in the page until an expression is true, and gives its value."""
        return self.run(
            f"new Promise((done, fail) => {{ const end = Date.now() + {SECONDS * 500};"
            f" const look = () => {{ let v; try {{ v = ({script}); }} catch (e) {{ v = null; }}"
            f" if (v) done(v); else if (Date.now() > end) fail(new Error({json.dumps(script)} + ' stayed false: ' + document.body.innerText.slice(0, 500)));"
            f" else setTimeout(look, 20); }}; look(); }})"
        )

    def picture(self, path: Path, whole: bool = False) -> None:
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def _messages(self, seconds: float) -> list[dict[str, Any]]:
        ready, _, _ = select.select([self._read], [], [], max(0.0, min(seconds, 1.0)))
        if not ready:
            return []
        *whole, self._rest = (self._rest + os.read(self._read, 1 << 20)).split(b"\0")
        found: list[dict[str, Any]] = [json.loads(one) for one in whole]
        for told in found:
            if told.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                self.said.append(json.dumps(told["params"])[:500])
        return found
