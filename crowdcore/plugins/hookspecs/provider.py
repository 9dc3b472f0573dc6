# mypy: disable-error-code="empty-body"
"""Hooks of the provider (who works, how they are paid) and of the architect (where the server runs)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.plugins.markers import owner

if TYPE_CHECKING:
    from crowdcore.plugins.run import Run
    from crowdcore.types import (
        Agent,
        Completion,
        Identity,
        Payment,
        Refusal,
        Visit,
        Worker,
    )


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
