# mypy: disable-error-code="empty-body"
"""Every hook, by kind. A plugin is a class (or hooks.py) whose methods carry `@hookimpl`.

An implementation may leave out any argument it does not need. `run` is the facade of
`crowdcore.facade.Run`: `run.config`, `run.options`, `run.args`, `run.task_dir`, `run.log`,
`run.shared`, `run.records(kind)`.

- owner hooks belong to one blueprint, provider or architect. Only the first implementation is called
  (hooks.py first); an override in hooks.py that wants the original adds the argument `inner` and
  calls `inner()` (or `inner(arg=other)`). An answer of None is an error unless the hook says `-> None`.
- decision hooks ask every plugin; any refusal wins; None is no opinion; an exception refuses.
- listener hooks get events after commit, in order, at least once; a failure is logged and undoes nothing.
- contribution hooks add pages or gate steps of an extension.

Hooks run on worker threads; mark one that only computes with `@hookimpl(nonblocking=True)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.markers import contribution, decision, listener, owner

if TYPE_CHECKING:
    from crowdcore.facade import LiveAssignment, Run
    from crowdcore.state import AgentState
    from crowdcore.types import (
        Agent,
        AgentEnded,
        Assignment,
        Completion,
        Identity,
        PairingDecision,
        Payment,
        Refusal,
        RunFinished,
        RunLaunched,
        Unit,
        UnitLaunched,
        UnitReviewed,
        UnitSubmitted,
        Visit,
        Worker,
    )


class BlueprintSpecs:
    """What a worker does."""

    @owner
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterable[Any]:
        """Items (JSON values), one per assignment, from ordinal `start`; may be endless; deterministic.

        @hookimpl
        def blueprint_task_data(run, start=0):
            for n in itertools.count(start):
                yield {"number": n}
        """

    @owner
    def blueprint_assignment_data(self, run: Run, assignment: Assignment) -> Any:
        """The item (JSON) an assignment runs on; default: the one stored at launch.

        @hookimpl
        def blueprint_assignment_data(run, assignment, inner):
            return {**inner(), "now": "fresh"}
        """

    @owner
    def blueprint_gate_data(self, run: Run, gate: str) -> Iterable[Any]:
        """Items (JSON) of a gate: `gate` is onboarding (one), screening (may be endless) or gold.

        An entry is an item as `blueprint_task_data` gives it; its key `answers`, if any, is taken off and kept
        as what is known to be right. Default: the file that `gates.GATE.data` names.

            @hookimpl
            def blueprint_gate_data(run, gate, inner):
                return [{"n": 1, "answers": {"text": "one"}}] if gate == "gold" else inner()
        """

    @owner
    def blueprint_build(self, run: Run, build_dir: Path) -> None:
        """Write the front end that is served (at least index.html) into the empty folder `build_dir`.

        @hookimpl
        def blueprint_build(run, build_dir):
            (build_dir / "index.html").write_text(PAGE)
        """

    @owner
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """Options that page, provider and architect may read: title, frame_height (px), block_mobile, csp.

        @hookimpl
        def blueprint_frontend(run):
            return {"title": "My task", "csp": {"img-src": ["https:"]}}
        """

    @owner
    def agent_state(self, run: Run) -> type[AgentState]:
        """The AgentState class of this run.

        @hookimpl
        def agent_state(run):
            return MyState
        """

    @owner
    def blueprint_call(self, run: Run, agent: Agent, procedure: str, args: Any, request_id: str = "") -> Any | None:
        """Answer (JSON) a server procedure called from the page; a repeat of the same `request_id` does not get here.

        @hookimpl
        def blueprint_call(run, agent, procedure, args):
            return {"label": model(args["text"])}
        """

    @owner
    async def blueprint_live(self, run: Run, assignment: LiveAssignment) -> None:
        """One live assignment from start to end; cancelled when it must end.

        @hookimpl
        async def blueprint_live(run, assignment):
            message = await assignment.receive()
            await assignment.send(None, message.data)
        """

    @owner
    def blueprint_cleanup(self, run: Run, assignment: LiveAssignment) -> None:
        """Free what `blueprint_live` of this assignment holds; called after it ended, bounded in time.

        @hookimpl
        def blueprint_cleanup(run, assignment):
            games.pop(assignment.id, None)
        """

    @owner
    def blueprint_simulate(self, run: Run, agent: Agent) -> dict[str, Any]:
        """What a simulated worker would submit: {"data": JSON, "files": {field: (name, bytes)}}.

        @hookimpl
        def blueprint_simulate(run, agent):
            return {"data": {"answer": 42}, "files": {}}
        """

    @owner
    def blueprint_render(self, run: Run, agent: Agent, format: Literal["html", "text"]) -> str:
        """A result for review, as HTML (shown in a sandboxed frame) or plain text.

        @hookimpl
        def blueprint_render(run, agent, format):
            return str(agent.state.get_parsed_data())
        """

    @decision
    def blueprint_validate(
        self, run: Run, agent: Agent, data: Any, files: dict[str, dict[str, Any]]
    ) -> dict[str, list[str]] | None:
        """Field errors {field: [message]}, merged over all plugins; nothing is stored if there is any.

        `files` is {field: {"name", "size", "sha256", "type"}} of the uploads that `data` names.

            @hookimpl
            def blueprint_validate(run, agent, data, files):
                if not data.get("answer"):
                    return {"answer": ["This field is required."]}
        """


class ProviderSpecs:
    """Who works, and how they are paid. Places and visits, never units."""

    @owner
    def provider_register(self, run: Run) -> None:
        """Check or store the requester's account before anything is launched.

        @hookimpl
        def provider_register(run):
            client(run).get_account()
        """

    @owner
    def provider_check(self, run: Run) -> list[str]:
        """Problems (one line each) that must stop the launch: balance, credentials, options.

        @hookimpl
        def provider_check(run):
            return [] if balance(run) else ["no money"]
        """

    @owner
    def provider_setup(self, run: Run, url: str) -> None:
        """Prepare the platform for the run served at `url`.

        @hookimpl
        def provider_setup(run, url):
            run.records("study").put("id", create_study(url))
        """

    @owner
    def provider_launch(self, run: Run, url: str, places: int) -> None:
        """Offer `places` more places of work on the platform; may be called again with more.

        @hookimpl
        def provider_launch(run, url, places):
            publish(run, places)
        """

    @owner
    def provider_identify(self, run: Run, params: dict[str, str]) -> Identity | Refusal:
        """Who comes with these URL parameters, and on which visit.

        @hookimpl
        def provider_identify(run, params):
            return Identity(params.get("worker_id"), params.get("assignment_id"), params)
        """

    @owner
    def provider_complete(self, run: Run, visit: Visit, agent: Agent) -> Completion:
        """How this visit ends in the worker's browser.

        @hookimpl
        def provider_complete(run, visit, agent):
            return Completion("redirect", "https://platform.example/done?code=X")
        """

    @owner
    def provider_page(self, run: Run) -> dict[str, Any]:
        """What the worker's pages should know: {"name", "ask_name": bool, "welcome": text, …}.

        @hookimpl
        def provider_page(run):
            return {"name": "Acme crowd"}
        """

    @owner
    def provider_sync(self, run: Run) -> None:
        """Fetch what changed on the platform (returns, time-outs); called now and then.

        @hookimpl
        def provider_sync(run):
            for sub in client.returned():
                run.visit_returned(sub.id)
        """

    @owner
    def provider_pending(self, run: Run) -> int:
        """How many visits the platform still holds open; the run does not end before it is 0.

        @hookimpl
        def provider_pending(run):
            return client.count("ACTIVE")
        """

    @owner
    def provider_extend(self, run: Run, places: int) -> None:
        """Offer `places` more places than before.

        @hookimpl
        def provider_extend(run, places):
            client.add_places(places)
        """

    @owner
    def provider_expire(self, run: Run) -> float:
        """Stop offering work; returns seconds to wait until nobody can arrive any more.

        @hookimpl
        def provider_expire(run):
            client.stop()
            return 0.0
        """

    @owner
    def provider_approve(self, run: Run, visit: Visit) -> None:
        """Approve one visit on the platform.

        @hookimpl
        def provider_approve(run, visit):
            client.approve(visit.external_id)
        """

    @owner
    def provider_reject(self, run: Run, visit: Visit, reason: str) -> None:
        """Reject one visit on the platform, with a reason for the worker.

        @hookimpl
        def provider_reject(run, visit, reason):
            client.reject(visit.external_id, reason)
        """

    @owner
    def provider_pay(self, run: Run, payment: Payment) -> str:
        """Pay once; returns the platform's reference. The same `payment.key` must not pay twice.

        @hookimpl
        def provider_pay(run, payment):
            return client.bonus(payment.worker.name, payment.amount, token=payment.key)
        """

    @owner
    def provider_block(self, run: Run, worker: Worker, reason: str) -> None:
        """Block a worker on the platform.

        @hookimpl
        def provider_block(run, worker, reason):
            client.block(worker.name, reason)
        """

    @owner
    def provider_unblock(self, run: Run, worker: Worker, reason: str) -> None:
        """Take a block back on the platform.

        @hookimpl
        def provider_unblock(run, worker, reason):
            client.unblock(worker.name)
        """

    @owner
    def provider_is_blocked(self, run: Run, worker: Worker) -> bool:
        """Whether the platform blocks this worker.

        @hookimpl
        def provider_is_blocked(run, worker):
            return worker.name in client.blocks()
        """

    @owner
    def provider_qualify(self, run: Run, worker: Worker, qualification: str, value: int) -> None:
        """Mirror a grant on the platform.

        @hookimpl
        def provider_qualify(run, worker, qualification, value):
            client.grant(worker.name, qualification, value)
        """

    @owner
    def provider_unqualify(self, run: Run, worker: Worker, qualification: str) -> None:
        """Mirror a revoked grant on the platform.

        @hookimpl
        def provider_unqualify(run, worker, qualification):
            client.revoke(worker.name, qualification)
        """

    @owner
    def provider_message(self, run: Run, worker: Worker, text: str) -> None:
        """Send a message to a worker through the platform.

        @hookimpl
        def provider_message(run, worker, text):
            client.notify(worker.name, text)
        """

    @owner
    def provider_balance(self, run: Run) -> Decimal | None:
        """Money available on the platform; None where there is no such thing.

        @hookimpl
        def provider_balance(run):
            return client.balance()
        """

    @owner
    def provider_cleanup(self, run: Run) -> None:
        """Remove from the platform what this run no longer needs.

        @hookimpl
        def provider_cleanup(run):
            client.delete_groups(run.records("group").keys())
        """


class ArchitectSpecs:
    """Where the server runs."""

    @owner
    def architect_deploy(self, run: Run, app: Any) -> str:
        """Serve the ASGI application `app`; returns the public URL, once it answers.

        `run.serve(app, host=…, port=…)` runs it in this process.

            @hookimpl
            def architect_deploy(run, app):
                run.serve(app, host="127.0.0.1", port=8000)
                return "http://localhost:8000/"
        """

    @owner
    def architect_status(self, run: Run) -> str:
        """One word about the server: "up", "down" or "unknown".

        @hookimpl
        def architect_status(run):
            return "up"
        """

    @owner
    def architect_shutdown(self, run: Run) -> None:
        """Take down what `architect_deploy` put up.

        @hookimpl
        def architect_shutdown(run):
            remove_instance(run)
        """


class DecisionSpecs:
    """Eligibility, and the judgement of special work."""

    @decision
    def worker_can_do_unit(self, run: Run, worker: Worker, unit: Unit) -> bool | Refusal | None:
        """May this worker do this unit? False or a Refusal with the text the worker reads.

        @hookimpl
        def worker_can_do_unit(run, worker, unit):
            return Refusal("Only left-handed people, sorry.") if righty(worker) else None
        """

    @decision
    def validate_onboarding(self, run: Run, agent: Agent) -> bool | None:
        """Did this onboarding agent pass?

        @hookimpl
        def validate_onboarding(run, agent):
            return agent.state.data["quiz"] == "4"
        """

    @decision
    def validate_screening(self, run: Run, agent: Agent) -> bool | None:
        """Did this screening agent pass?

        @hookimpl
        def validate_screening(run, agent):
            return agent.state.data["label"] == "cat"
        """

    @decision
    def validate_gold(self, run: Run, agent: Agent) -> bool | None:
        """Is the answer to this gold item right? Default: compared with the item's declared answers.

        @hookimpl
        def validate_gold(run, agent):
            return agent.state.data["label"] == agent.unit.assignment.answers["label"]
        """

    @owner
    def pairing_timeout(self, run: Run, assignment: Assignment, waiting: list[Agent]) -> PairingDecision:
        """What to do when partners did not come in time; default: the `pairing:` configuration.

        @hookimpl
        def pairing_timeout(run, assignment, waiting):
            return LaunchReduced() if len(waiting) > 1 else Release(pay=Decimal("0.10"))
        """


class ListenerSpecs:
    """What happened, after commit, in order, at least once."""

    @listener
    def on_run_launched(self, run: Run, event: RunLaunched) -> None:
        """The run serves pages.

        @hookimpl
        def on_run_launched(run, event):
            run.log.info("launched %d units", event.units)
        """

    @listener
    def on_unit_launched(self, run: Run, event: UnitLaunched) -> None:
        """A slice of units became available.

        @hookimpl
        def on_unit_launched(run, event):
            run.log.info("%d more units", event.count)
        """

    @listener
    def on_unit_submitted(self, run: Run, event: UnitSubmitted) -> None:
        """A worker's submission is stored.

        @hookimpl
        def on_unit_submitted(run, event):
            print(event.worker.name, event.agent.state.get_parsed_data())
        """

    @listener
    def on_unit_reviewed(self, run: Run, event: UnitReviewed) -> None:
        """A unit was accepted, soft rejected or rejected.

        @hookimpl
        def on_unit_reviewed(run, event):
            print(event.unit.id, event.status)
        """

    @listener
    def on_agent_ended(self, run: Run, event: AgentEnded) -> None:
        """An agent ended without a submission.

        @hookimpl
        def on_agent_ended(run, event):
            print(event.agent.id, event.reason)
        """

    @listener
    def on_run_finished(self, run: Run, event: RunFinished) -> None:
        """The run ended.

        @hookimpl
        def on_run_finished(run, event):
            notify(event.reason)
        """


class ContributionSpecs:
    """What extensions and hooks.py add."""

    @contribution
    def register_routes(self, run: Run) -> list[Any]:
        """Starlette routes (Route, Mount, …) added to the worker application.

        @hookimpl
        def register_routes(run):
            return [Mount("/media", StaticFiles(directory=run.task_dir / "media"))]
        """

    @contribution
    def register_gates(self, run: Run) -> list[Any]:
        """Extra steps of the gate pipeline (`crowdcore.gates.Gate` objects).

        @hookimpl
        def register_gates(run):
            return [OfficeHours()]
        """


SPECS = (BlueprintSpecs, ProviderSpecs, ArchitectSpecs, DecisionSpecs, ListenerSpecs, ContributionSpecs)
