"""The requester's pages: a way in, and runs as they are now."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from crowdcore.testing import Machine
from tests.e2e.library_form import answer
from tests.e2e.people import Town, refused
from tests.e2e.test_in_house import written


def test_a_requester_logs_in_and_watches_a_run(town: Town, tmp_path: Path) -> None:
    requester, stranger, worker = town.person(), town.person(), town.person()
    machine = Machine(tmp_path)
    with machine.serve("run", str(written(tmp_path)), "--no-open", "architect.port=0") as served:
        admin = served.expect(r"^watch: (\S+)").group(1)
        stranger.expects(refused(401))
        stranger.open(admin)
        stranger.sees("Log in")
        stranger.look("admin-login")

        link = machine.crowd("admin", "login").stdout.strip()
        assert link.startswith(admin)
        page = requester.open(link)
        requester.sees("words-1")
        card = page.get_by_role("article", name="words-1")
        expect(page.get_by_role("status")).to_have_text("Live")
        expect(card).to_contain_text("0 of 3")

        worker.open(served.url, worker_id="x")
        worker.sees("One question")
        expect(card.get_by_text("worked on")).to_be_visible()
        worker.page.evaluate("() => void setTimeout(() => { throw new Error('broken'); })")
        answer(worker.page, "hello")
        worker.sees("Thank you!")
        expect(card).to_contain_text("1 of 3")
        expect(card.get_by_text("to be reviewed")).to_be_visible()
        expect(card).to_contain_text("Page errors")
        worker.faults = [fault for fault in worker.faults if "broken" not in fault]
        requester.look("admin-runs")
        requester.photograph("runs", {"width": 560, "height": 430})

        stranger.open(link)
        expect(stranger.page.get_by_role("alert")).to_contain_text("used already")

        machine.crowd("admin", "token", "--role", "reader")
        page.get_by_role("link", name="Who can log in").click()
        requester.sees("Who can log in")
        rows = page.get_by_role("row")
        expect(rows).to_have_count(3)
        expect(rows.filter(has_text="this one")).to_contain_text("session")
        requester.look("admin-access")
        page.get_by_role("button", name=re.compile("End token")).click()
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="Runs").click()
        requester.sees("words-1")

        requester.expects(refused(401))
        requester.press("Log out")
        requester.sees("Log in")
