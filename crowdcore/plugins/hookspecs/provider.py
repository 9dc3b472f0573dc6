# mypy: disable-error-code="empty-body"
"""Hooks of the provider (who works, how they are paid) and of the architect (where the server runs)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

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

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_register(run):
            httpx.get(f"{run.args['platform']}/account").raise_for_status()
        """

    @owner
    def provider_check(self, run: Run) -> list[str]:
        """Problems (one line each) that must stop the launch: balance, credentials, options.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_check(run):
            balance = httpx.get(f"{run.args['platform']}/balance").raise_for_status().json()["amount"]
            return [] if float(balance) > 0 else ["the account is empty"]
        """

    @owner
    def provider_setup(self, run: Run, url: str) -> None:
        """Prepare the platform for the run served at `url`; called at the launch and at every resume.

        The address may be another one after a resume: tell the platform, and do not make what is there already.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_setup(run, url):
            httpx.put(f"{run.args['platform']}/studies/{run.name}", json={"url": url}).raise_for_status()
        """

    @owner
    def provider_launch(self, run: Run, url: str, places: int, total: int) -> None:
        """Offer the run's first `places` places of work, one for each visit; `total` are all that it offers then.

        It is called once. A resume does not call it again: what was offered stays offered, and what is launched later
        comes by `provider_extend`. Only if a process died in the middle is it called with that `total` once more; and
        after `provider_expire`, if the run is resumed to take new work after all, with the places that are open.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_launch(run, url, total):
            httpx.put(f"{run.args['platform']}/studies/{run.name}/places", json=total).raise_for_status()
        """

    @owner
    def provider_identify(self, run: Run, params: dict[str, str]) -> Identity | Refusal:
        """Who comes with these URL parameters, and on which visit.

        from crowdcore import Identity, Refusal, hookimpl

        @hookimpl
        def provider_identify(run, params):
            if params.get("study", run.name) != run.name:
                return Refusal("This link belongs to another study.")
            return Identity(params.get("participant"), params.get("session"), params)
        """

    @owner
    def provider_complete(self, run: Run, visit: Visit, agent: Agent) -> Completion:
        """How this visit ends in the worker's browser.

        from urllib.parse import urlencode
        from crowdcore import Completion, hookimpl

        @hookimpl
        def provider_complete(run, visit, agent):
            return Completion("redirect", f"{run.args['platform']}/done?" + urlencode({"visit": visit.external_id}))
        """

    @owner
    def provider_page(self, run: Run) -> dict[str, Any]:
        """What the worker's pages should know: {"name", "ask_name": bool, "welcome": text, …}.

        from crowdcore import hookimpl

        @hookimpl
        def provider_page(run):
            return {"name": "Acme crowd"}
        """

    @owner
    def provider_sync(self, run: Run) -> None:
        """Fetch what changed on the platform (returns, time-outs); called now and then.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_sync(run):
            for visit in httpx.get(f"{run.args['platform']}/studies/{run.name}/returned").raise_for_status().json():
                run.visit_returned(visit)
        """

    @owner
    def provider_pending(self, run: Run) -> int:
        """How many visits the platform still holds open; the run does not end before it is 0.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_pending(run):
            return len(httpx.get(f"{run.args['platform']}/studies/{run.name}/active").raise_for_status().json())
        """

    @owner
    def provider_extend(self, run: Run, places: int, total: int) -> None:
        """Offer `places` more places than before, `total` in all; after a resume too, counted from what was offered.

        If a process died in the middle it is called with that `total` once more.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_extend(run, places):
            httpx.post(f"{run.args['platform']}/studies/{run.name}/places", json=places).raise_for_status()
        """

    @owner
    def provider_expire(self, run: Run) -> float:
        """Stop offering work; returns seconds to wait until nobody can arrive any more.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_expire(run):
            httpx.delete(f"{run.args['platform']}/studies/{run.name}/places").raise_for_status()
            return 0.0
        """

    @owner
    def provider_approve(self, run: Run, visit: Visit) -> None:
        """Approve one visit on the platform.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_approve(run, visit):
            httpx.post(f"{run.args['platform']}/approved", json={"visit": visit.external_id}).raise_for_status()
        """

    @owner
    def provider_reject(self, run: Run, visit: Visit, reason: str) -> None:
        """Reject one visit on the platform, with a reason for the worker.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_reject(run, visit, reason):
            rejected = {"visit": visit.external_id, "reason": reason}
            httpx.post(f"{run.args['platform']}/rejected", json=rejected).raise_for_status()
        """

    @owner
    def provider_pay(self, run: Run, payment: Payment) -> str:
        """Pay once; returns the platform's reference. The same `payment.key` must not pay twice.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_pay(run, payment):
            bonus = {"worker": payment.worker.name, "amount": str(payment.amount), "key": payment.key}
            return httpx.post(f"{run.args['platform']}/bonuses", json=bonus).raise_for_status().json()["id"]
        """

    @owner
    def provider_block(self, run: Run, worker: Worker, reason: str) -> None:
        """Block a worker on the platform.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_block(run, worker, reason):
            block = {"worker": worker.name, "reason": reason}
            httpx.post(f"{run.args['platform']}/blocks", json=block).raise_for_status()
        """

    @owner
    def provider_unblock(self, run: Run, worker: Worker, reason: str) -> None:
        """Take a block back on the platform.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_unblock(run, worker, reason):
            httpx.delete(f"{run.args['platform']}/blocks", params={"worker": worker.name}).raise_for_status()
        """

    @owner
    def provider_is_blocked(self, run: Run, worker: Worker) -> bool:
        """Whether the platform blocks this worker; asked before they get work, and not again for a minute.

        Who is blocked there gets no work here. If it fails, nobody gets work, and the operator is told.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_is_blocked(run, worker):
            return worker.name in httpx.get(f"{run.args['platform']}/blocks").raise_for_status().json()
        """

    @owner
    def provider_qualify(self, run: Run, worker: Worker, qualification: str, value: int) -> None:
        """Mirror a grant on the platform.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_qualify(run, worker, qualification, value):
            grant = {"worker": worker.name, "name": qualification, "value": value}
            httpx.post(f"{run.args['platform']}/grants", json=grant).raise_for_status()
        """

    @owner
    def provider_unqualify(self, run: Run, worker: Worker, qualification: str) -> None:
        """Mirror a revoked grant on the platform.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_unqualify(run, worker, qualification):
            grant = {"worker": worker.name, "name": qualification}
            httpx.delete(f"{run.args['platform']}/grants", params=grant).raise_for_status()
        """

    @owner
    def provider_message(self, run: Run, worker: Worker, text: str) -> None:
        """Send a message to a worker through the platform.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_message(run, worker, text):
            message = {"worker": worker.name, "text": text}
            httpx.post(f"{run.args['platform']}/messages", json=message).raise_for_status()
        """

    @owner
    def provider_balance(self, run: Run) -> Decimal | None:
        """Money available on the platform; None where there is no such thing.

        Asked by `crowd run` once the run is launched, and by `crowd status`, 10 seconds at most.

        from decimal import Decimal
        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_balance(run):
            return Decimal(httpx.get(f"{run.args['platform']}/balance").raise_for_status().json()["amount"])
        """

    @owner
    def provider_cleanup(self, run: Run) -> None:
        """Remove from the platform what this run no longer needs.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def provider_cleanup(run):
            httpx.delete(f"{run.args['platform']}/studies/{run.name}").raise_for_status()
        """


class ArchitectSpecs:
    """Where the server runs."""

    @owner
    def architect_deploy(self, run: Run, app: Any) -> str:
        """Serve the ASGI application `app`; returns the public URL, once it answers.

        `run.serve(app, host=…, port=…)` runs it in this process.

            from crowdcore import hookimpl

            @hookimpl
            def architect_deploy(run, app):
                port = run.serve(app, host="127.0.0.1", port=0)
                return f"http://127.0.0.1:{port}/"
        """

    @owner
    def architect_status(self, run: Run) -> Literal["up", "down", "unknown"]:
        """One word about the server: "up", "down" or "unknown".

        Asked by `crowd status`, and by the run itself every 20 seconds, 10 seconds at most: while it is "down",
        /healthz answers 503 and names the trouble `server`.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def architect_status(run):
            return httpx.get(f"{run.args['cloud']}/machines/{run.name}").raise_for_status().json()["status"]
        """

    @owner
    def architect_shutdown(self, run: Run) -> None:
        """Take down what `architect_deploy` put up.

        import httpx
        from crowdcore import hookimpl

        @hookimpl
        def architect_shutdown(run):
            httpx.delete(f"{run.args['cloud']}/machines/{run.name}").raise_for_status()
        """
