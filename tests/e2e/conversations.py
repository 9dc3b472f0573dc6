"""Conversations of the example and of a world without turns, and how people take part in them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from crowdcore.testing import Machine, until
from tests.e2e.people import OFFLINE

EXAMPLE = Path(__file__).parents[2] / "examples" / "parlai_chat"
OWN_PORT = "architect.port=0"
LOST = OFFLINE, r"WebSocket connection to .* failed"
"""What the console says of a network that is away."""
FREE_WORLD = '''
class World:
    """Everybody may speak at any time; everybody reads it. Whoever says "the end" ends it."""

    def __init__(self, agents):
        self.agents, self.done = agents, False

    def parley(self):
        for agent in self.agents:
            act = agent.act()
            if act is not None:
                for other in self.agents:
                    other.observe(act)
                self.done = self.done or act["text"] == "the end"

    def episode_done(self):
        return self.done

    def shutdown(self):
        pass


def make_world(opt, agents):
    return World(agents)


def get_world_params():
    return {"agent_count": 2}
'''


def free_talk(folder: Path, **pairing: Any) -> dict[str, Any]:
    """The configuration of a run in which two people talk without turns. Three items."""
    world = folder / "worlds.py"
    world.write_text(FREE_WORLD, "utf-8")
    return {
        "task": {"name": "talk", "title": "A talk", "description": "A talk", "reward": "0.50"},
        "blueprint": {"type": "parlai_chat", "world_file": str(world), "num_conversations": 3},
        "provider": {"type": "inhouse"},
        "pairing": pairing,
    }


def say(page: Page, text: str) -> None:
    """Write a message, as soon as one may, and send it with Enter."""
    field = page.get_by_role("textbox", name="Your message")
    expect(field).to_be_editable()
    field.fill(text)
    field.press("Enter")


def said(page: Page) -> list[str]:
    """The texts of all messages on the page, in their order."""
    texts = page.get_by_role("log").locator(".text").all_text_contents()
    return [" ".join(text.split()) for text in texts]


def hears(page: Page, text: str) -> Locator:
    """Wait for a message."""
    message = page.get_by_role("log").get_by_role("listitem").filter(has=page.get_by_text(text, exact=True))
    expect(message).to_have_count(1)
    return message


def in_turns(pages: Iterable[Page], texts: Iterable[str]) -> None:
    """Say the texts one after the other, each on the page whose turn it is."""
    pages = list(pages)
    for text in texts:

        def whose() -> Page | None:
            return next((page for page in pages if page.get_by_text("It is your turn.", exact=True).is_visible()), None)

        speaker: Page = until(whose)
        say(speaker, text)
        for page in pages:
            hears(page, text)


def answer_agreement(page: Page, what: str) -> None:
    """Fill in the form inside the example's conversation."""
    page.get_by_role("textbox", name="We will").fill(what)
    page.get_by_role("radio", name="noon").check()
    page.locator("form").filter(has_text="What did you agree on?").get_by_role("button", name="Send").click()


def rate(page: Page, partner: str) -> None:
    """Fill in the example's final form and send it."""
    expect(page.get_by_role("heading", name="How was it?")).to_be_focused()
    page.get_by_role("radio", name="4", exact=True).check()
    page.get_by_role("radio", name=partner).check()
    page.get_by_role("button", name="Send", exact=True).click()


def owed(machine: Machine) -> list[tuple[str, Decimal]]:
    """(who, how much) of what is owed."""
    done = machine.crowd("owed", "talk", "--csv", "owed.csv")
    assert done.returncode == 0, done.stderr
    lines = (machine.folder / "owed.csv").read_text("utf-8").splitlines()
    names = lines[0].split(",")
    found = [dict(zip(names, line.split(","), strict=True)) for line in lines[1:]]
    return [(row["worker"], Decimal(row["amount"])) for row in found]


def hide(page: Page, hidden: bool) -> None:
    """As when another tab comes to the front, or goes."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
