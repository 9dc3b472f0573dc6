"""examples/live_game: two people on a page of their own, with nothing but crowd.js."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from crowdcore.testing import Machine, RunningClock, serve, until
from tests.e2e.people import A_PHONE, Person, Town

EXAMPLE = Path(__file__).parents[2] / "examples" / "live_game"


def choose(page: Page, number: int, text: str) -> None:
    """Answer the question of this number."""
    expect(page.get_by_text(f"Question {number} of 4")).to_be_visible()
    page.get_by_role("button", name=text, exact=True).click()


def test_two_people_play_on_a_phone_and_at_a_desk(town: Town, tmp_path: Path) -> None:
    machine, desk, phone = Machine(tmp_path), town.person(), town.person(**A_PHONE)
    with serve(EXAMPLE / "task.yaml", data_dir=machine.data_dir, overrides=["architect.port=0"]) as run:
        players: list[Person] = [desk, phone]
        desk.open(run.url, worker_id="x")
        desk.sees("Waiting for your partner")
        phone.open(run.url, worker_id="y")
        choose(desk.page, 1, "the station")
        expect(desk.page.get_by_text("Waiting for the other one")).to_be_visible()
        desk.look("game")
        choose(phone.page, 1, "the station")
        for player in players:
            expect(player.page.get_by_text("A point: you both chose the station.")).to_be_visible()
        choose(phone.page, 2, "Sunday")
        phone.page.reload()
        expect(phone.page.get_by_role("button", name="Sunday", pressed=True)).to_be_visible()
        choose(desk.page, 2, "Monday")
        expect(phone.page.get_by_text("You chose Sunday, the other one Monday.")).to_be_visible()
        for number, text in ((3, "100"), (4, "heads")):
            for player in players:
                choose(player.page, number, text)
        desk.look("game-over")
        for player in players:
            expect(player.page.get_by_role("heading", name="The game is over")).to_be_focused()
            expect(player.page.get_by_text("3 points")).to_be_visible()
            player.page.get_by_role("textbox", name="How did you choose?").fill("By luck")
            player.press("Send")
            player.sees("Thank you!")
    assert [row["data"] for row in machine.exported("live-game-demo")] == [{"how": "By luck", "points": 3}] * 2


def test_who_is_left_alone_in_a_game_finishes(town: Town, tmp_path: Path) -> None:
    stays, goes, clock = town.person(), town.person(), RunningClock()
    words = ["architect.port=0", "pairing.disconnect_grace=3"]
    with serve(EXAMPLE / "task.yaml", data_dir=tmp_path / "data", overrides=words, clock=clock) as run:
        for name, player in (("x", stays), ("y", goes)):
            player.open(run.url, worker_id=name)
        choose(stays.page, 1, "the station")
        goes.page.close()
        left = stays.page.get_by_text("Somebody has left this conversation.")
        until(lambda: clock.advance(1) or left.is_visible())  # the grace begins when the server knows
        stays.press("Send")
        stays.sees("Thank you!")
