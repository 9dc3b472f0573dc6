"""A real browser, people in front of it, and an eye on everything that a page must never do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.e2e.people import CHROMIUM_OPTIONS, WAIT, Person, Town


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, for this folder's tests only: it keeps an event loop in the thread, and other tests have theirs."""
    with sync_playwright() as running:
        expect.set_options(timeout=WAIT)
        yield running


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser. A missing one fails: these tests are never skipped."""
    path = os.environ.get("CROWD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "chromium is missing: apt-get install chromium, or set CROWD_CHROMIUM to its path"
    return path


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests of a process."""
    running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
    yield running
    running.close()


@pytest.fixture
def town(browser: Browser) -> Iterator[Town]:
    """Makes people, each with a browser profile of their own. At the end their pages must have behaved."""
    with ExitStack() as stack:
        # CROWD_SCREENSHOTS=DIR keeps the pictures: DIR for the documentation, DIR/looks of every page there is.
        pictures = os.environ.get("CROWD_SCREENSHOTS")
        made = Town(browser, Path(pictures) if pictures else None, stack)
        yield made
    made.check()


@pytest.fixture
def person(town: Town) -> Person:
    """Somebody at a desk."""
    return town.person()
