# mypy: disable-error-code="empty-body"
"""Hooks that any plugin may implement: decisions, listeners, contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crowdcore.plugins.markers import closing, contribution, decision, listener, owner

if TYPE_CHECKING:
    from crowdcore.plugins.run import Run
    from crowdcore.types import (
        AdminPage,
        Agent,
        AgentEnded,
        Assignment,
        PairingDecision,
        Refusal,
        RunFinished,
        RunLaunched,
        Unit,
        UnitLaunched,
        UnitReviewed,
        UnitSubmitted,
        Worker,
    )


class DecisionSpecs:
    """Eligibility, and the judgement of special work."""

    @decision
    def worker_can_do_unit(self, run: Run, worker: Worker, unit: Unit) -> bool | Refusal | None:
        """May this worker do this unit? False or a Refusal with the text the worker reads.

        from crowdcore import Refusal, hookimpl

        @hookimpl
        def worker_can_do_unit(run, worker, unit):
            wrote_it = worker.name == unit.assignment.item.get("author")
            return Refusal("You wrote this text yourself.") if wrote_it else None
        """

    @decision
    def validate_onboarding(self, run: Run, agent: Agent) -> bool | None:
        """Did this onboarding agent pass?

        from crowdcore import hookimpl

        @hookimpl
        def validate_onboarding(run, agent):
            return agent.state.data["quiz"] == "4"
        """

    @decision
    def validate_screening(self, run: Run, agent: Agent) -> bool | None:
        """Did this screening agent pass?

        from crowdcore import hookimpl

        @hookimpl
        def validate_screening(run, agent):
            return agent.state.data["label"] == "cat"
        """

    @decision
    def validate_gold(self, run: Run, agent: Agent) -> bool | None:
        """Is the answer to this gold item right? Default: compared with the item's declared answers.

        from crowdcore import hookimpl

        @hookimpl
        def validate_gold(run, agent):
            return abs(agent.state.data["age"] - agent.unit.assignment.answers["age"]) <= 5
        """

    @owner
    def pairing_timeout(self, run: Run, assignment: Assignment, waiting: list[Agent]) -> PairingDecision:
        """What to do when partners did not come in time; default: the `pairing:` configuration.

        from decimal import Decimal
        from crowdcore import LaunchReduced, Release, hookimpl

        @hookimpl
        def pairing_timeout(run, assignment, waiting):
            return LaunchReduced() if len(waiting) > 1 else Release(pay=Decimal("0.10"))
        """


class ListenerSpecs:
    """What happened, after commit, in order, at least once."""

    @listener
    def on_run_launched(self, run: Run, event: RunLaunched) -> None:
        """The run serves pages.

        from crowdcore import hookimpl

        @hookimpl
        def on_run_launched(run, event):
            run.log.info("launched %d units", event.units)
        """

    @listener
    def on_unit_launched(self, run: Run, event: UnitLaunched) -> None:
        """A slice of units became available.

        from crowdcore import hookimpl

        @hookimpl
        def on_unit_launched(run, event):
            run.log.info("%d more units", event.count)
        """

    @listener
    def on_unit_submitted(self, run: Run, event: UnitSubmitted) -> None:
        """A worker's submission is stored.

        from crowdcore import hookimpl

        @hookimpl
        def on_unit_submitted(run, event):
            print(event.worker.name, event.agent.state.get_parsed_data())
        """

    @listener
    def on_unit_reviewed(self, run: Run, event: UnitReviewed) -> None:
        """A unit was accepted, soft rejected or rejected.

        from crowdcore import hookimpl

        @hookimpl
        def on_unit_reviewed(run, event):
            print(event.unit.id, event.status)
        """

    @listener
    def on_agent_ended(self, run: Run, event: AgentEnded) -> None:
        """An agent ended without a submission.

        from crowdcore import hookimpl

        @hookimpl
        def on_agent_ended(run, event):
            print(event.agent.worker.name, event.reason)
        """

    @listener
    def on_run_finished(self, run: Run, event: RunFinished) -> None:
        """The run ended.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def on_run_finished(run, event):
            httpx.post(run.args["webhook"], json={"text": f"{run.name}: {event.reason}"}).raise_for_status()
        """


class ContributionSpecs:
    """What any plugin and hooks.py add."""

    @contribution
    def register_routes(self, run: Run) -> list[Any]:
        """Starlette routes (Route, Mount, …) added to the worker application.

        from crowdcore import hookimpl
        from starlette.routing import Mount
        from starlette.staticfiles import StaticFiles

        @hookimpl
        def register_routes(run):
            return [Mount("/media", StaticFiles(directory=run.task_dir / "media"))]
        """

    @contribution
    def register_admin_pages(self, run: Run) -> list[AdminPage]:
        """Pages of the requester's application, each with an entry in its navigation; whoever is logged in sees them.

        from html import escape
        from crowdcore import AdminPage, hookimpl

        @hookimpl
        def on_unit_submitted(run, event):
            run.shared.update(lambda shared: shared.setdefault("birds", []).append(event.agent.state.data["text"]))

        @hookimpl
        def register_admin_pages(run):
            def birds():
                items = "".join(f"<li>{escape(bird)}</li>" for bird in run.shared.get("birds", []))
                return f"<h2>Birds so far</h2><ul>{items}</ul>"

            return [AdminPage("Birds", birds)]
        """

    @contribution
    def register_admin_routes(self, run: Run) -> list[Any]:
        """Starlette routes (Route, Mount) on the requester's origin, below /x/NAME/ for the plugin `extension:NAME`.

        Only who is logged in, or has a bearer token, gets there; what changes something (POST, …) must come from a page
        of that origin, and from an owner. The paths of hooks.py begin with /x/hooks/.

            from crowdcore import AdminPage, hookimpl
            from starlette.responses import PlainTextResponse
            from starlette.routing import Route

            @hookimpl
            def register_admin_routes(run):
                def count(request):
                    return PlainTextResponse(f"{len(run.shared.get('birds', []))} birds")

                return [Route("/count", count)]

            @hookimpl
            def register_admin_pages(run):
                return [AdminPage("Count of birds", path="count")]
        """

    @contribution
    def register_metrics(self, run: Run) -> list[Any]:
        """Collectors of prometheus_client, made with `registry=None`, for /metrics beside the core's own.

        Their names must differ from those of the core, which begin with `crowd_`, and of other plugins.

            from crowdcore import hookimpl
            from prometheus_client import Counter

            LETTERS = Counter("birds_letters", "Letters that people wrote", registry=None)

            @hookimpl
            def on_unit_submitted(run, event):
                LETTERS.inc(len(event.agent.state.data["text"]))

            @hookimpl
            def register_metrics(run):
                return [LETTERS]
        """

    @contribution
    def register_gates(self, run: Run) -> list[Any]:
        """Extra steps of the gate pipeline (`crowdcore.Gate` objects).

        from datetime import datetime
        from crowdcore import Refusal, hookimpl

        class OfficeHours:
            name = "office-hours"

            def check(self, run, worker):
                opens, closes = run.args["hours"]
                return None if opens <= datetime.now().hour < closes else Refusal("Please come back tomorrow.")

        @hookimpl
        def register_gates(run):
            return [OfficeHours()]
        """


class ClosingSpecs:
    """The end, for every kind of plugin."""

    @closing
    def plugin_close(self, run: Run) -> None:
        """This process serves the run no longer: free what the plugin holds (connections, threads, child processes).

        Called once, however the run ends in this process: finished, stopped to be resumed, or a launch that failed;
        after the last request, hooks.py first and the architect last, at most 10 seconds each. A failure is logged, and
        the others are called all the same. Only a killed process cannot call it.

            import subprocess
            from crowdcore import hookimpl

            TUNNELS = []

            @hookimpl
            def provider_setup(run, url):
                TUNNELS.append(subprocess.Popen(run.args["tunnel"]))

            @hookimpl
            def plugin_close(run):
                for tunnel in TUNNELS:
                    tunnel.terminate()
                    tunnel.wait()
        """
