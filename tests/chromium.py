"""A headless Chromium, driven by its DevTools protocol over one websocket.

It has an event loop of its own, which runs while something is awaited: a server that is to answer
it is started with `run`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import subprocess
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import ClientSession, ClientWebSocketResponse

T = TypeVar("T")
START_SECONDS = 30.0
ANSWER_SECONDS = 20.0
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--no-first-run", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--mute-audio"),
    "--remote-debugging-port=0",
)


class Chromium:
    """One browser; `tab` opens a page in it."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, Tab] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self._program, *OPTIONS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.run(self._connect())
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._disconnect())
        self._process.wait(START_SECONDS)
        self._loop.close()
        self._folder.cleanup()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop of the browser."""
        return self._loop.run_until_complete(coroutine)

    def tab(
        self,
        url: str,
        *,
        width: int = 1280,
        dark: bool = False,
        scripts: bool = True,
        first: str = "",
    ) -> Tab:
        """Load a page; `first` is a script that runs before those of the page."""
        return self.run(self._open(url, width=width, dark=dark, scripts=scripts, first=first))

    async def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its answer."""
        number = next(self._numbers)
        answer = self._answers[number] = self._loop.create_future()
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        found = await asyncio.wait_for(answer, ANSWER_SECONDS)
        assert "error" not in found, (method, found["error"])
        result: dict[str, Any] = found["result"]
        return result

    async def _connect(self) -> None:
        port = Path(self._folder.name) / "DevToolsActivePort"
        async with asyncio.timeout(START_SECONDS):
            while not port.exists() or len(port.read_text().splitlines()) != 2:
                assert self._process.poll() is None, "chromium ended by itself"
                await asyncio.sleep(0.02)
        number, path = port.read_text().splitlines()
        self._client = ClientSession()
        url = f"ws://127.0.0.1:{number}{path}"
        self._socket: ClientWebSocketResponse = await self._client.ws_connect(url, max_msg_size=0)
        self._reader = asyncio.create_task(self._read())

    async def _disconnect(self) -> None:
        await self.call("Browser.close")
        await self._reader
        await self._client.close()

    async def _read(self) -> None:
        async for message in self._socket:
            found = message.json()
            if "id" in found:
                self._answers.pop(found["id"]).set_result(found)
            elif (tab := self._tabs.get(found.get("sessionId", ""))) is not None:
                tab.notice(found["method"], found["params"])

    async def _open(self, url: str, *, width: int, dark: bool, scripts: bool, first: str) -> Tab:
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        tab = self._tabs[attached["sessionId"]] = Tab(self, attached["sessionId"], target)
        for domain in ("Page", "Runtime", "Network", "Log"):
            await tab.call(f"{domain}.enable")
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        await tab.call("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await tab.call("Emulation.setEmulatedMedia", features=[scheme])
        await tab.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        if first:
            await tab.call("Page.addScriptToEvaluateOnNewDocument", source=first)
        tab.loaded.clear()
        await tab.call("Page.navigate", url=url)
        await asyncio.wait_for(tab.loaded.wait(), ANSWER_SECONDS)
        return tab


class Tab:
    """A loaded page, and what it asked for and complained about."""

    def __init__(self, browser: Chromium, session: str, target: str) -> None:
        self._browser, self._session, self._target = browser, session, target
        self.loaded = asyncio.Event()
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def notice(self, method: str, event: dict[str, Any]) -> None:
        """Take an event of the protocol."""
        if method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(event["exceptionDetails"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("warning", "error"):
            self.complaints.append(event["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(event["args"]))

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol for this page."""
        return await self._browser.call(method, self._session, **parameters)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        found = self._browser.run(
            self.call(
                "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
            )
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key, which may write `text`, and let it go."""
        facts = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        for kind in ("keyDown", "keyUp"):
            self._browser.run(self.call("Input.dispatchKeyEvent", type=kind, **facts))

    def screenshot(self, height: int) -> bytes:
        """The top of the page as a PNG."""
        size = self.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(height, size[1]), "scale": 1}
        found = self._browser.run(
            self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        )
        return base64.b64decode(found["data"])

    def close(self) -> None:
        """Close the page."""
        self._browser.run(self._browser.call("Target.closeTarget", targetId=self._target))
