"""The page of the example, in a real browser: what a worker sees is what the author wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import expect, sync_playwright

from crowdcore.testing import Machine

TASK = """
task: {name: headlines}
blueprint: {type: headline, texts: [Rain all week, Market opens again], most_words: 4}
architect: {port: 0}
"""


@pytest.mark.browser
def test_a_worker_reads_writes_is_corrected_and_thanked(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK)
    chromium = os.environ.get("CROWD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "chromium is missing: apt-get install chromium, or set CROWD_CHROMIUM to its path"
    with machine.serve("run", "task.yaml") as served, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        page = playwright.chromium.launch(executable_path=chromium, args=options).new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(served.url)
        expect(page.get_by_text("What stands here gets a headline.")).to_be_visible()
        page.goto(f"{served.url}?worker_id=x")
        expect(page.get_by_text("Rain all week")).to_be_visible()
        page.get_by_label("Your headline").fill("five words are too many")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_have_text("Please write 1 to 4 words.")
        page.get_by_label("Your headline").fill("Umbrellas sell out")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
        assert faults == []
    (row,) = machine.exported("headlines")
    assert row["data"] == {"headline": "Umbrellas sell out", "words": 3}
