"""A real Chromium without a window, driven over its DevTools pipe (`--remote-debugging-pipe`).

Found as SEALENV_TEST_CHROMIUM (a path), or on PATH as Debian and others call it. A missing one is a
skip, and a failure where SEALENV_TEST_REQUIRE (a comma-separated list) holds `browser`.

The protocol is https://chromedevtools.github.io/devtools-protocol/: JSON messages, each ended by a NUL.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shells import required

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PATIENCE = 60.0
"""Seconds for one answer."""
_AS_3_AND_4 = """
import fcntl, os, sys
a, b = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])
os.dup2(a, 3); os.dup2(b, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads commands from descriptor 3 and writes answers to 4."""


def find_browser() -> str:
    """The path of Chromium; without one skip, or fail where a browser is required."""
    given = os.environ.get("SEALENV_TEST_CHROMIUM")
    found = given or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None or os.name == "nt":
        message = "no Chromium on this machine (SEALENV_TEST_CHROMIUM can name one)"
        if required("browser"):
            pytest.fail(message)
        pytest.skip(message)
    return found


class Browser:
    """One process with pages."""

    def __init__(self, program: str, folder: Path) -> None:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-US",
            f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank",
        ]  # fmt: skip
        launcher = [sys.executable, "-I", "-S", "-c", _AS_3_AND_4, str(theirs_in), str(theirs_out)]
        self._log = (folder.parent / f"{folder.name}.log").open("wb")
        self._process = subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(theirs_in, theirs_out),
            env=os.environ | {"HOME": str(folder.parent)},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._in, self._out = ours_in, ours_out
        os.set_blocking(self._in, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._in, selectors.EVENT_READ)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come meanwhile are kept."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        self._until(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, method: str, session: str | None, **params: Any) -> None:
        """Until that event, with these parameters, was seen."""

        def seen() -> bool:
            return any(
                (e["method"], e.get("sessionId")) == (method, session)
                and params.items() <= e["params"].items()
                for e in self.events
            )

        self._until(seen, method)

    def _until(self, done: Any, what: str) -> None:
        limit = time.monotonic() + PATIENCE
        while not done():
            left = limit - time.monotonic()
            assert left > 0, f"Chromium did not answer {what}"
            if not self._selector.select(left):
                continue
            data = os.read(self._in, 1 << 20)
            assert data, f"Chromium ended at {what}: {self._tail()}"
            *whole, self._rest = (self._rest + data).split(b"\0")
            for text in whole:
                message = json.loads(text)
                if "id" in message:
                    self._answers[message["id"]] = message
                else:
                    self.events.append(message)

    def _tail(self) -> str:
        return Path(self._log.name).read_bytes()[-2000:].decode(errors="replace")

    def close(self) -> None:
        """End it, and wait until it has."""
        with contextlib.suppress(OSError, AssertionError):
            self.call("Browser.close")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for fd in (self._in, self._out):
            os.close(fd)
        self._selector.close()
        self._log.close()

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        """A page from disk, loaded, with everything that it logs and asks for noted from the start."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            page.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        page.call("Emulation.setEmulatedMedia", features=[scheme, still])
        page.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired", session)
        return page


class Page:
    """One page."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser, self._session, self._target = browser, session, target

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command for this page."""
        return self._browser.call(method, self._session, **params)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; what it throws fails the test."""
        said = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def press(self, *keys: str) -> None:
        """Type keys by their names (`ArrowDown`, `Tab`, `a`)."""
        codes = {"Enter": 13, "Tab": 9, "End": 35, "Home": 36, " ": 32}
        codes |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for key in keys:
            plain = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
            self.call("Input.dispatchKeyEvent", type="keyDown", **code, **plain)
            self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def trouble(self) -> list[str]:
        """What the page logged, threw, or requested from the network, except its own file."""
        self.run("new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)))")
        bad = {
            "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Audits.issueAdded",
            "Page.javascriptDialogOpening",
        }  # fmt: skip
        found = []
        for event in self._mine():
            url = event["params"].get("request", {}).get("url", "file:")
            if event["method"] in bad or not url.startswith(("file:", "blob:")):
                found.append(json.dumps(event)[:500])
        return found

    def _mine(self) -> Iterator[dict[str, Any]]:
        return (e for e in self._browser.events if e.get("sessionId") == self._session)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of it."""
        said = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(said["data"]))

    def printed(self) -> bytes:
        """The PDF of it, on A4."""
        said = self.call(
            "Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False
        )
        return base64.b64decode(said["data"])

    def close(self) -> None:
        """Close it."""
        self._browser.call("Target.closeTarget", targetId=self._target)


@contextlib.contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in an empty folder."""
    program = find_browser()
    profile = folder / "profile"
    profile.mkdir(parents=True)
    browser = Browser(program, profile)
    try:
        yield browser
    finally:
        browser.close()
