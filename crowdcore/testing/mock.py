"""The `mock` blueprint and provider: the smallest complete ones, for tests and for trying things out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.plugins.markers import hookimpl
from crowdcore.plugins.options import option
from crowdcore.types import Completion, Identity

if TYPE_CHECKING:
    from crowdcore.plugins.run import Run
    from crowdcore.types import Agent, Payment, Visit, Worker

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mock task</title>
<main>
  <h1>Mock task</h1>
  <form id="work" hidden>
    <p>Item <output id="item"></output></p>
    <label for="text">Your answer</label>
    <input id="text" name="text" autocomplete="off">
    <button>Submit</button>
  </form>
  <p id="status" role="status"></p>
</main>
<script type="module" src="crowd.js"></script>
<script type="module" src="mock.js"></script>
"""

SCRIPT = """const form = document.getElementById("work");
const status = document.getElementById("status");
const work = await window.crowd.start();

document.getElementById("item").textContent = JSON.stringify(work.init);
status.textContent = work.phase;
form.hidden = work.phase !== "work" && work.phase !== "finish";
form.text.addEventListener("input", () => work.saveDraft({ text: form.text.value }));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await work.submit({ text: form.text.value });
    status.textContent = "submitted";
  } catch (error) {
    status.textContent = error.message;
  }
});
"""


class MockBlueprint:
    """Items {"n": ordinal} and a page with one text field."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the blueprint `mock`."""

        num_assignments: int = option(10, help="How many items there are; 0 = endless", min=0)

    options: Options

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[dict[str, int]]:
        """{"n": start}, {"n": start + 1}, …"""
        count = run.options.num_assignments
        return ({"n": n} for n in (range(start, count) if count else itertools.count(start)))

    @hookimpl
    def blueprint_build(self, build_dir: Path) -> None:
        """The page and its script."""
        (build_dir / "index.html").write_text(PAGE, "utf-8")
        (build_dir / "mock.js").write_text(SCRIPT, "utf-8")

    @hookimpl(nonblocking=True)
    def blueprint_frontend(self) -> dict[str, Any]:
        """A title."""
        return {"title": "Mock task"}

    @hookimpl(nonblocking=True)
    def blueprint_simulate(self, agent: Agent) -> dict[str, Any]:
        """A text that names the worker and the item."""
        return {"data": {"text": f"{agent.worker.name} on {agent.state.init}"}, "files": {}}


class MockProvider:
    """People named by `worker_id`, visits by `assignment_id`; everything sent is kept in records.

    `run.records("sent")` of this provider holds {"hook", …} by a key that is unique per thing sent.
    """

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the provider `mock`."""

        balance: Decimal | None = option(None, help="Money available; none = no account", min=0)
        fail: list[str] = option(factory=list, help="Names of provider hooks that raise")
        currency: str = option("USD", help="Currency of rewards")

    options: Options

    def _sent(self, run: Run, hook: str, key: str, **facts: Any) -> bool:
        if hook in run.options.fail:
            raise ConnectionError(f"{hook} was told to fail")
        return run.records("sent").add(f"{hook}/{key}", {"hook": hook, **facts})

    @hookimpl
    def provider_check(self, run: Run) -> list[str]:
        """A problem if the hook is told to fail."""
        return ["provider_check was told to fail"] if "provider_check" in run.options.fail else []

    @hookimpl
    def provider_launch(self, run: Run, url: str, places: int) -> None:
        """Note the places."""
        self._sent(run, "provider_launch", str(len(run.records("sent").keys())), url=url, places=places)

    @hookimpl(nonblocking=True)
    def provider_identify(self, run: Run, params: dict[str, str]) -> Identity:
        """The parameters `worker_id` and `assignment_id`; without the first, a preview."""
        return Identity(params.get("worker_id") or None, params.get("assignment_id") or None, params)

    @hookimpl(nonblocking=True)
    def provider_page(self) -> dict[str, Any]:
        """Its name, and that visits may be left to the server."""
        return {"name": "mock", "pick": "assignment_id"}

    @hookimpl(nonblocking=True)
    def provider_complete(self) -> Completion:
        """A page that says thanks."""
        return Completion()

    @hookimpl
    def provider_approve(self, run: Run, visit: Visit) -> None:
        """Note the approval."""
        self._sent(run, "provider_approve", visit.external_id, visit=visit.external_id)

    @hookimpl
    def provider_reject(self, run: Run, visit: Visit, reason: str) -> None:
        """Note the rejection."""
        self._sent(run, "provider_reject", visit.external_id, visit=visit.external_id, reason=reason)

    @hookimpl
    def provider_pay(self, run: Run, payment: Payment) -> str:
        """Note the payment, once per key; the reference is made of the key."""
        facts = {"worker": payment.worker.name, "amount": str(payment.amount), "currency": payment.currency}
        self._sent(run, "provider_pay", payment.key, reason=payment.reason, **facts)
        return f"mock-{payment.key}"

    @hookimpl
    def provider_block(self, run: Run, worker: Worker, reason: str) -> None:
        """Remember the block."""
        self._sent(run, "provider_block", worker.name, reason=reason)
        run.records("blocked").put(worker.name, reason)

    @hookimpl
    def provider_unblock(self, run: Run, worker: Worker, reason: str) -> None:
        """Forget the block."""
        self._sent(run, "provider_unblock", worker.name, reason=reason)
        run.records("blocked").delete(worker.name)

    @hookimpl
    def provider_is_blocked(self, run: Run, worker: Worker) -> bool:
        """Whether the block is remembered."""
        return run.records("blocked").get(worker.name) is not None

    @hookimpl
    def provider_message(self, run: Run, worker: Worker, text: str) -> None:
        """Note the message."""
        self._sent(run, "provider_message", f"{worker.name}/{text}", worker=worker.name, text=text)

    @hookimpl(nonblocking=True)
    def provider_balance(self, run: Run) -> Decimal | None:
        """The option `balance`."""
        balance: Decimal | None = run.options.balance
        return balance
