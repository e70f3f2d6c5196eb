"""Firefox without a driver, over WebDriver BiDi, which it speaks itself: just what ``sweep.py`` needs of a page."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from serving import free_port
from websockets.sync.client import connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
DARK = 'user_pref("layout.css.prefers-color-scheme.content-override", {});\n'  #: 0 dark, 1 light


class Firefox:
    """One tab of a headless Firefox; a context that ends it."""

    def __init__(self, scheme: str) -> None:
        if FIREFOX is None:
            raise SystemExit("There is no Firefox; on Debian: apt-get install firefox-esr")
        self.errors: list[str] = []
        self._folder, self._numbers, port = tempfile.TemporaryDirectory(), itertools.count(1), free_port()
        (Path(self._folder.name) / "user.js").write_text(
            DARK.format(0 if scheme == "dark" else 1) + 'user_pref("webgl.force-enabled", true);\n'
        )
        command = [FIREFOX, "--headless", "--no-remote", "--profile", self._folder.name]
        self._process = subprocess.Popen(
            [*command, f"--remote-debugging-port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(300):
            with suppress(OSError):
                self._line = connect(f"ws://127.0.0.1:{port}/session", max_size=None)
                break
            time.sleep(0.2)
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._line.recv(timeout=120))
            if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                where = str(told["params"].get("stackTrace") or "")
                if "/_stcore/" not in str(told["params"].get("text")) + where:
                    self.errors.append(str(told["params"].get("text"))[:160])
            if told.get("id") == number:
                if told["type"] == "error":
                    raise RuntimeError(f"{method}: {told['message']}")
                return told["result"]

    def size(self, width: int, height: int) -> None:
        """Make the page so large."""
        self._ask("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})

    def goto(self, address: str) -> None:
        """Open a page."""
        self._ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def evaluate(self, script: str) -> Any:
        """The value of an expression as JSON."""
        wrapped = f"JSON.stringify({script})"
        told = self._ask("script.evaluate", expression=wrapped, target={"context": self._tab}, awaitPromise=True)
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"].get("value") or "null")

    def screenshot(self, path: Path) -> None:
        """A picture of what is seen."""
        path.write_bytes(base64.b64decode(self._ask("browsingContext.captureScreenshot", context=self._tab)["data"]))

    def close(self) -> None:
        """End it."""
        with suppress(Exception):
            self._line.close()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        with suppress(OSError):
            self._folder.cleanup()
