"""People with a browser: what they see is kept, measured and photographed."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, ViewportSize, expect

from crowdcore.testing.patience import PATIENCE

WAIT = PATIENCE * 1000
"""Milliseconds that a page may take for what a test waits for."""
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-auto-reload",
]  # fmt: skip
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
A_PHONE = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
OFFLINE = r"Failed to load resource: net::ERR_(INTERNET_DISCONNECTED|NETWORK_CHANGED|FAILED|CONNECTION_\w+)"
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
_RUN_AXE = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)}`));
}"""
_SIDEWAYS = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"


class Person:
    """Somebody with a browser profile of their own: `context`, and `page` once they opened an address."""

    def __init__(self, context: BrowserContext, screenshots: Path | None) -> None:
        self.context = context
        self.faults: list[str] = []
        self._expected: list[str] = []
        self._screenshots = screenshots
        self._origins: set[str] = set()
        self._page: Page | None = None
        context.set_default_timeout(WAIT)
        context.on("request", self._requested)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))

    @property
    def page(self) -> Page:
        """The tab they look at."""
        if self._page is None:
            self._page = self.context.new_page()
        return self._page

    def open(self, url: str, path: str = "", **params: str) -> Page:
        """Go to an address below `url`; returns the tab."""
        self._origins.add(_origin(url))
        query = "&".join(f"{name}={value}" for name, value in params.items())
        self.page.goto(url + path + (f"?{query}" if query else ""))
        return self.page

    def new_tab(self) -> Page:
        """From now on they look at another tab; the ones before stay open."""
        self._page = self.context.new_page()
        return self._page

    def expects(self, *patterns: str) -> None:
        """Messages in the console that belong to this test: a lost network, an answer that refuses."""
        self._expected += patterns

    def look(self, name: str) -> None:
        """The page as a demanding reader sees it, wide and on a phone: axe finds nothing, nothing runs out of
        the window, and there is a picture of it where pictures are kept."""
        page = self.page
        before = page.viewport_size
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            if not page.evaluate("() => 'axe' in window"):
                page.evaluate(_AXE)
            found = page.evaluate(_RUN_AXE)
            where = f"{name} at {size['width']} px"
            assert not found, f"{where}:\n" + "\n".join(found)
            assert page.evaluate(_SIDEWAYS) <= 0, f"{where}: it must be scrolled sideways"
            if self._screenshots is not None:
                picture = self._screenshots / "looks" / f"{name}-{size['width']}.png"
                page.screenshot(path=picture, full_page=True, animations="disabled")
        if before is not None:
            page.set_viewport_size(before)
        self._in_the_dark(name)

    def photograph(self, name: str, size: ViewportSize, top: Locator | None = None) -> None:
        """A picture of the window for the documentation, scrolled to the top of the page or of a part of it; for who
        keeps pictures."""
        if self._screenshots is None:
            return
        before = self.page.viewport_size
        self.page.set_viewport_size(size)
        part = top or self.page.locator("body")
        part.evaluate("(part) => { document.activeElement?.blur(); part.scrollIntoView(); scrollBy(0, -24); }")
        self.page.screenshot(path=self._screenshots / f"{name}.png", animations="disabled")
        if before is not None:
            self.page.set_viewport_size(before)

    def _in_the_dark(self, name: str) -> None:
        self.page.emulate_media(color_scheme="dark")
        found = self.page.evaluate(_RUN_AXE)
        self.page.emulate_media(color_scheme="light")
        assert not found, f"{name} in the dark:\n" + "\n".join(found)

    def sees(self, title: str) -> Locator:
        """Wait for a page with this heading."""
        heading = self.page.get_by_role("heading", name=title, exact=True)
        expect(heading).to_be_visible()
        return heading

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def told(self, text: str | re.Pattern[str]) -> None:
        """Wait for a message at the foot of the window."""
        expect(self.page.locator('[data-crowd="banner"]').get_by_role("status")).to_contain_text(text)

    def _requested(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:", "chrome-error:")):
            return
        if _origin(request.url) not in self._origins:
            self.faults.append(f"loaded from elsewhere: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(re.search(pattern, message.text) for pattern in self._expected):
            self.faults.append(f"console: {message.text} ({message.location.get('url')})")


class Town:
    """All people of one test."""

    def __init__(self, browser: Browser, screenshots: Path | None, stack: ExitStack) -> None:
        self._browser = browser
        self._screenshots = screenshots
        self._stack = stack
        self._people: list[Person] = []

    def person(self, **options: Any) -> Person:
        """Somebody new; options are those of a browser context."""
        usual = {"viewport": DESK, "reduced_motion": "reduce", "locale": "en-GB"}
        context = self._browser.new_context(**{**usual, **options})
        self._stack.callback(context.close)
        return self.with_context(context)

    def with_context(self, context: BrowserContext) -> Person:
        """Somebody whose profile the test made (and closes) itself."""
        self._people.append(Person(context, self._screenshots))
        return self._people[-1]

    def close_pages(self) -> None:
        """Everybody closes their tabs: pages with a live connection would look for a server that is gone."""
        for page in [page for person in self._people for page in person.context.pages]:
            page.close()

    def check(self) -> None:
        """No page wrote an error, broke a content policy or loaded anything from elsewhere."""
        faults = [fault for person in self._people for fault in person.faults]
        assert not faults, "\n".join(faults)


def wait_until(page: Page, seconds: float) -> None:
    """Let the page's clock (which is installed) stand so many seconds before its deadline."""
    deadline = page.evaluate("async () => (await (await import('/crowd.js')).crowd.start()).deadline")
    page.clock.pause_at(deadline / 1000 - seconds)


def refused(status: int) -> str:
    """What the browser's console says of an answer with this status."""
    return rf"Failed to load resource: the server responded with a status of {status}"


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
