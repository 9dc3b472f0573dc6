"""Runs in which the examples of docs/hooks.md are the hooks, a few of a kind together.

A story is played once, and tells of each of its hooks what was seen and what should have been.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from crowdcore import ConfigError, RunHandle, hookimpl
from crowdcore.admin.access import make_admin_token
from crowdcore.testing import Browserless, LivePerson, stored, until
from scripts.hook_docs import example
from tests.plugins.examples import Platform, Scene

ALONE = (
    "blueprint_task_data", "blueprint_assignment_data", "blueprint_build", "blueprint_frontend", "agent_state",
    "blueprint_call", "blueprint_simulate", "blueprint_render", "blueprint_validate",
)  # fmt: skip
TOGETHER = ("blueprint_live", "blueprint_cleanup", "pairing_timeout")
LETS_IN = ("worker_can_do_unit", "register_gates")
CHECKS = ("blueprint_gate_data", "validate_onboarding", "validate_screening", "validate_gold")
TELLS = (
    "on_run_launched", "on_unit_launched", "on_unit_submitted", "on_unit_reviewed", "on_agent_ended", "on_run_finished",
    "register_routes",
)  # fmt: skip
ADDS = ("register_admin_pages", "register_admin_routes", "register_metrics", "plugin_close")
OUTSIDE = (
    "provider_register", "provider_check", "provider_setup", "provider_launch", "provider_identify",
    "provider_complete", "provider_page", "provider_sync", "provider_pending", "provider_extend", "provider_expire",
    "provider_approve", "provider_reject", "provider_pay", "provider_block", "provider_unblock",
    "provider_is_blocked", "provider_qualify", "provider_unqualify", "provider_message", "provider_balance",
    "provider_cleanup", "architect_deploy", "architect_status", "architect_shutdown",
)  # fmt: skip

ACME = """
class Acme:
    delivers = frozenset({"reward", "approve", "reject", "message", "block", "unblock", "qualify", "unqualify"})


class Nowhere:
    pass
"""


def examples(*hooks: str) -> dict[str, str]:
    """The examples of these hooks."""
    return {hook: example(hook) for hook in hooks}


def alone(scene: Scene) -> None:
    """What one person does."""
    with scene.serve(examples(*ALONE), blueprint={"type": "mock", "launch_ahead": 3}) as run:
        days = [date.today().isoformat()]
        ann, ben = (Browserless(run.url, worker_id=name).enter() for name in ("ann", "ben"))
        days.append(date.today().isoformat())
        scene.saw("blueprint_task_data", [page.document["init"]["number"] for page in (ann, ben)], [0, 1])
        scene.saw("blueprint_assignment_data", ann.document["init"]["today"] in days, True)
        page, script = httpx.get(run.url), httpx.get(run.url + "task/page.js")
        scene.saw("blueprint_build", ("Which bird is it?" in page.text, "crowd.start()" in script.text), (True, True))
        policy = dict(part.split(maxsplit=1) for part in page.headers["content-security-policy"].split("; "))
        facts = (ann.document["frontend"]["title"], "https:" in policy["img-src"].split())
        scene.saw("blueprint_frontend", facts, ("Birds of our garden", True))
        called = ann.call("POST", "/call/count_words", json={"args": {"text": "a red bird"}, "request_id": "1"})
        unknown = ann.call("POST", "/call/fly", json={"args": {}, "request_id": "2"})
        answers = (called.json()["result"], unknown.json()["code"])
        scene.saw("blueprint_call", answers, ({"words": 3}, "unknown_procedure"))
        refused = ann.submit({"text": ""}).json()["errors"]
        scene.saw("blueprint_validate", refused, {"text": ["This field is required."]})
        assert ann.submit({"text": " A <Robin> "}).is_success
        scene.crowd(f"simulate {run.name} --workers 1 --units 1")
        rows = {row["worker"]: row for row in scene.machine.exported("demo", "--simulated")}
        scene.saw("agent_state", rows["ann"]["data"], {"text": "a <robin>"})
        scene.saw("blueprint_simulate", rows["sim-1"]["data"], {"text": "sim-1 saw a robin"})
        with stored(agent=rows["ann"]["agent"], data_dir=scene.machine.data_dir) as kept:
            agent = kept.agent(rows["ann"]["agent"])
            shown = [kept.ask(kept.hooks.blueprint_render(agent, format)) for format in ("html", "text")]
        scene.saw("blueprint_render", shown, ["<q>a &lt;robin&gt;</q>", '"a <robin>"'])


def together(scene: Scene) -> None:
    """What people do together, and what becomes of those who wait."""
    with scene.serve(examples("blueprint_live"), blueprint={"type": "mock", "units_per_assignment": 2}) as run:
        ann, ben = people(run, "ann", "ben", status="in_task")
        ann.say({"text": "Hello"})
        heard = [(f["sender"], f["data"]) for f in (person.wait("message") for person in (ann, ben))]
        ended = [ben.wait("status", status="completed")["phase"], ben.submit({"text": "done"}).is_success]
        scene.saw("blueprint_live", (heard, ended), ([("Person 1", {"text": "Hello"})] * 2, ["finish", True]))
    both = examples("blueprint_cleanup", "pairing_timeout")
    with scene.serve(both, blueprint={"type": "mock", "units_per_assignment": 3}, pairing={"timeout": 60}) as run:
        ann, _ben = people(run, "ann", "ben", status="waiting")
        scene.clock.advance(61)
        began = ann.wait("status", status="in_task")["people"]
        board = run.config.task_dir / "board-2"
        until(board.is_dir)
        ann.say({"text": "Hello"})
        ann.wait("status", status="completed")
        until(lambda: not board.exists())
        scene.saw("blueprint_cleanup", board.exists(), False)
        (cid,) = people(run, "cid", status="waiting")
        scene.clock.advance(61)
        cid.wait("status", status="ended")
        owed = until(lambda: run.counters.owed)
        scene.saw("pairing_timeout", (len(began), owed), (2, Decimal("0.10")))


def people(run: RunHandle, *names: str, status: str) -> list[LivePerson]:
    """Somebody of each name, connected and told so."""
    found = [LivePerson(run.url, name) for name in names]
    for person in found:
        person.wait("status", status=status)
    return found


@hookimpl
def blueprint_task_data(start: int) -> list[dict[str, str]]:
    """One text, by Ann."""
    return [{"author": "ann"}][start:]


def lets_in(scene: Scene) -> None:
    """Who may do what, and when."""
    with scene.serve(examples(*LETS_IN), hooks=[blueprint_task_data], args={"hours": [0, 24]}) as run:
        ann, ben = (Browserless(run.url, worker_id=name).enter() for name in ("ann", "ben"))
        said = (ann.reply.json()["detail"], ben.document["phase"])
        scene.saw("worker_can_do_unit", said, ("You wrote this text yourself.", "work"))
    with scene.serve(examples(*LETS_IN), args={"hours": [0, 0]}) as run:
        ben = Browserless(run.url, worker_id="ben").enter()
        scene.saw("register_gates", ben.reply.json()["detail"], "Please come back tomorrow.")


def checks(scene: Scene) -> None:
    """Onboarding, screening and golds: four people, of whom the last one passes all three."""
    gates = {
        "onboarding": {"qualification": "trained", "data": "quiz.json"},
        "screening": {"qualification": "careful"},
        "gold": {"qualification": "golds", "max_incorrect": 0},
    }

    def work(name: str, *answers: Any) -> list[Any]:
        """The items of somebody who answers so; then the next one, or why there is none."""
        page, items = Browserless(run.url, worker_id=name).enter(), []
        for answer in answers:
            items.append(page.document["init"])
            assert page.submit(answer).is_success
            page.enter()
        return [*items, page.code or page.document["init"]]

    quiz, photo = {"sum": "2 + 2"}, {"photo": "anna.jpg"}
    with scene.serve(examples(*CHECKS), files={"quiz.json": json.dumps(quiz)}, gates=gates) as run:
        scene.saw("validate_onboarding", work("ann", {"quiz": "5"}), [quiz, "not_qualified"])
        ben = work("ben", {"quiz": "4"}, {"label": "dog"})
        scene.saw("validate_screening", ben, [quiz, {"n": 0}, "not_qualified"])
        cid = work("cid", {"quiz": "4"}, {"label": "cat"}, {"age": 46})
        scene.saw("blueprint_gate_data", cid, [quiz, {"n": 1}, photo, "not_qualified"])
        dee = work("dee", {"quiz": "4"}, {"label": "cat"}, {"age": 45})
        scene.saw("validate_gold", dee, [quiz, {"n": 2}, photo, {"n": 3}])


def tells(scene: Scene) -> None:
    """What listeners are told, and pages that are added."""
    blueprint = {"type": "mock", "num_assignments": 2}
    with Platform().serve() as platform, heard() as (printed, logged):
        given: dict[str, Any] = {
            "args": {"webhook": f"{platform.url}/webhook"},
            "files": {"media/robin.txt": "A red breast."},
        }
        with scene.serve(examples(*TELLS), blueprint=blueprint, **given) as run:
            scene.saw("register_routes", httpx.get(f"{run.url}media/robin.txt").text, "A red breast.")
            ann, ben = (Browserless(run.url, worker_id=name).enter() for name in ("ann", "ben"))
            assert ann.call("POST", "/return").is_success
            assert ben.submit({"text": "a robin"}).is_success
            scene.crowd(f"review accept --run {run.name} --worker ben")
            assert Browserless(run.url, worker_id="cid").enter().submit({"text": "a wren"}).is_success
            units, reason = run.launched(), scene.end(run)
        posted = platform.told("POST /webhook")
    lines = printed.getvalue().splitlines()
    slices = [int(line.split()[1]) for line in logged if line.endswith(" more units")]
    scene.saw("on_unit_launched", sum(slices), 2)
    scene.saw("on_run_launched", [line for line in logged if "launched" in line], [f"demo-1: launched {units} units"])
    scene.saw("on_agent_ended", "ann returned" in lines, True)
    scene.saw("on_unit_submitted", "ben {'text': 'a robin'}" in lines, True)
    scene.saw("on_unit_reviewed", [line for line in lines if line.endswith(" accepted")], ["2 accepted"])
    scene.saw("on_run_finished", posted, [{"text": f"demo-1: {reason}"}])


def adds(scene: Scene) -> None:
    """What is added for the people who run the task, and what is closed at the end."""
    for hook, path, wanted in (
        ("register_admin_pages", "x/hooks/", "<h2>Birds so far</h2><ul><li>a &lt;robin&gt;</li></ul>"),
        ("register_admin_routes", "x/hooks/count", "0 birds"),
    ):
        with scene.serve(examples(hook)) as run:
            assert Browserless(run.url, worker_id="ann").enter().submit({"text": "a <robin>"}).is_success
            token = make_admin_token(run._host.setup.db, run._host.setup.secret_key, "reader", 1)
            pages = httpx.Client(base_url=run.admin_url or "", headers={"authorization": f"Bearer {token}"})
            until(lambda pages=pages, path=path, wanted=wanted: wanted in pages.get(path).text)  # type: ignore[misc]
            scene.saw(hook, f'href="{path}"' in pages.get("").text, True)
    with scene.serve(examples("register_metrics")) as run:
        assert Browserless(run.url, worker_id="ann").enter().submit({"text": "robin"}).is_success
        until(lambda: "\nbirds_letters_total 5.0\n" in httpx.get(f"{run.url}metrics").text)
        scene.saw("register_metrics", "\ncrowd_submissions_total{" in httpx.get(f"{run.url}metrics").text, True)
    note = scene.machine.folder / "pid"
    program = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(600)"
    with scene.serve(examples("plugin_close"), args={"tunnel": [sys.executable, "-c", program]}):
        pid = int(until(lambda: note.exists() and note.read_text()))
        os.kill(pid, 0)
    scene.saw("plugin_close", Path(f"/proc/{pid}").exists(), False)


@contextmanager
def heard() -> Iterator[tuple[io.StringIO, list[str]]]:
    """What is printed meanwhile, and the messages of plugins' logs."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    lines: list[str] = []
    logger, handler = logging.getLogger("crowdcore.plugin"), Lines()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with redirect_stdout(io.StringIO()) as printed:
            yield printed, lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def outside(scene: Scene) -> None:
    """A platform with its people, and a cloud; both are the same server here."""
    with Platform().serve() as platform:
        given: dict[str, Any] = {
            "provider": {"type": "./acme.py:Acme"}, "architect": {"type": "./acme.py:Nowhere"},
            "blueprint": {"type": "mock", "num_assignments": 5, "launch_ahead": 3}, "task": {"reward": "0.50"},
            "args": {"platform": platform.url, "cloud": platform.url}, "files": {"acme.py": ACME},
        }  # fmt: skip
        platform.answers = {"GET /balance": {"amount": "0.00"}, "POST /bonuses": {"id": "bonus-1"}}
        with pytest.raises(ConfigError) as refused, scene.serve(examples(*OUTSIDE), **given):
            pass
        scene.saw("provider_check", refused.value.problems, ["provider './acme.py:Acme': the account is empty"])
        platform.answers["GET /balance"] = {"amount": "12.50"}
        with scene.serve(examples(*OUTSIDE), **given) as run:
            launched(scene, run, platform)
            visited(scene, run, platform)
            decided(scene, run, platform)
            ended(scene, run, platform)


def launched(scene: Scene, run: RunHandle, platform: Platform) -> None:
    """Before anybody comes."""
    scene.saw("architect_deploy", httpx.get(run.url).status_code, 200)
    scene.saw("provider_register", platform.got("GET /account"), [None])
    scene.saw("provider_setup", platform.got(f"PUT /studies/{run.name}"), [{"url": run.url}])
    scene.saw("provider_launch", platform.got(f"PUT /studies/{run.name}/places"), [run.launched()])


def visited(scene: Scene, run: RunHandle, platform: Platform) -> None:
    """Ann and Cid submit, Ben gives the work back on the platform."""
    study = f"/studies/{run.name}"
    platform.answers[f"GET {study}/returned"] = []
    other = Browserless(run.url, participant="ann", study="other-1").enter()
    ann, ben, cid = (Browserless(run.url, participant=n, session=f"s-{n}").enter() for n in ("ann", "ben", "cid"))
    said = (other.reply.json()["detail"], ann.document["phase"])
    scene.saw("provider_identify", said, ("This link belongs to another study.", "work"))
    scene.saw("provider_page", ann.document["provider"], {"name": "Acme crowd"})
    completion = ann.submit({"text": "a robin"}).json()["completion"]
    scene.saw("provider_complete", completion["url"], f"{platform.url}/done?visit=s-ann")
    (paid,) = platform.told("POST /bonuses")
    scene.saw(
        "provider_pay", (paid["worker"], Decimal(paid["amount"]), bool(paid["key"])), ("ann", Decimal("0.5"), True)
    )
    at_first = run.launched() or 0
    until(lambda: at_first + sum(platform.got(f"POST {study}/places")) >= 5, 30)
    scene.saw("provider_extend", sum(platform.got(f"POST {study}/places")), 5 - at_first)
    assert cid.submit({"text": ""}).is_success
    platform.answers[f"GET {study}/returned"] = ["s-ben"]
    scene.clock.advance(21)
    until(lambda: run.counters.agents["ended"])
    scene.saw("provider_sync", ben.call("GET", "").json()["status"], "returned")


def decided(scene: Scene, run: RunHandle, platform: Platform) -> None:
    """What commands have told to the platform, and what is asked of it."""
    scene.crowd(
        f"review accept --run {run.name} --worker ann",
        f"review reject --run {run.name} --worker cid --reason empty --visit --tell",
        "worker block ben --reason rude", "worker unblock ben --reason sorry",
        "worker grant ben careful 3", "worker revoke ben careful",
    )  # fmt: skip
    scene.saw("provider_approve", platform.told("POST /approved"), [{"visit": "s-ann"}])
    scene.saw("provider_reject", platform.told("POST /rejected"), [{"visit": "s-cid", "reason": "empty"}])
    scene.saw("provider_message", platform.told("POST /messages"), [{"worker": "cid", "text": "empty"}])
    scene.saw("provider_block", platform.told("POST /blocks"), [{"worker": "ben", "reason": "rude"}])
    scene.saw("provider_unblock", platform.told("DELETE /blocks?worker=ben"), [None])
    grant = {"worker": "ben", "name": "careful", "value": 3}
    scene.saw("provider_qualify", platform.told("POST /grants"), [grant])
    scene.saw("provider_unqualify", platform.told("DELETE /grants?worker=ben&name=careful"), [None])
    platform.answers |= {"GET /blocks": ["ben"], f"GET /machines/{run.name}": {"status": "up"}}
    scene.clock.advance(61)  # that ben is not blocked is known for a minute
    came = [Browserless(run.url, participant=name, session="again").enter() for name in ("eve", "ben")]
    scene.saw("provider_is_blocked", [page.code for page in came], ["", "blocked"])
    said = scene.crowd("status demo").splitlines()
    scene.saw("provider_balance", "  balance    12.50 USD" in said, True)
    scene.saw("architect_status", "  server     up" in said, True)
    came[0].call("POST", "/return")


def ended(scene: Scene, run: RunHandle, platform: Platform) -> None:
    """No new work; the run waits for the visit that the platform still holds open."""
    study = f"/studies/{run.name}"
    platform.answers[f"GET {study}/active"] = ["s-dee"]
    run.drain()

    def asked_again() -> bool:
        scene.clock.advance(6)
        assert run.wait(0.05) is None
        return len(platform.got(f"GET {study}/active")) > 2

    until(asked_again, 30)
    platform.answers[f"GET {study}/active"] = []
    scene.saw("provider_pending", scene.end(run), "ended on demand")
    scene.saw("provider_expire", platform.got(f"DELETE {study}/places"), [None])
    scene.saw("provider_cleanup", platform.got(f"DELETE {study}"), [None])
    scene.saw("architect_shutdown", platform.got(f"DELETE /machines/{run.name}"), [None])


STORIES: dict[tuple[str, ...], Callable[[Scene], None]] = {
    ALONE: alone, TOGETHER: together, LETS_IN: lets_in, CHECKS: checks, TELLS: tells, ADDS: adds,
    OUTSIDE: outside,
}  # fmt: skip
"""Which hooks a story is about."""
