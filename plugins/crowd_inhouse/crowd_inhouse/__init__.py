"""Work done by your own people, invited by link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crowd_inhouse.invitations import Invitations
from crowdcore import Completion, Identity, Refusal, hookimpl
from crowdcore.options import option

if TYPE_CHECKING:
    from crowdcore import Agent, Run, Visit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class InhouseOptions:
    """Who may come, and in which currency they are paid."""

    access: Literal["auto", "open", "invite"] = option(
        "auto", help="open: anybody with the address may say who they are; invite: only personal links; "
        "auto: open on this machine's own address, invite elsewhere",
    )  # fmt: skip
    currency: str = option("USD", help="Currency of rewards, as in ISO 4217")


class InhouseProvider:
    """People come by a link with `worker_id`, and `assignment_id` when they want a place of their own choice."""

    Options = InhouseOptions
    options: InhouseOptions
    offers = frozenset({"live"})

    @property
    def strangers(self) -> bool:
        """Whether anybody anywhere may say who they are: the core then limits what one address may hold."""
        return self.options.access == "open"

    def access(self, run: Run) -> Literal["open", "invite"]:
        """Whether anybody may say who they are."""
        if self.options.access != "auto":
            return self.options.access
        architect = run.config.architect.options
        local = getattr(architect, "host", None) in LOOPBACK and getattr(architect, "public_url", None) is None
        return "open" if local else "invite"

    @hookimpl(nonblocking=True)
    def provider_identify(self, run: Run, params: dict[str, str]) -> Identity | Refusal:
        """The worker of the link; in invite access only with the link's signature."""
        name = params.get("worker_id", "").strip()
        place = params.get("assignment_id", "").strip() or None
        if self.access(run) == "open":
            return Identity(name or None, place, _known(params))
        if not name and not params.get("invite"):
            return Identity(None)
        if not Invitations(run.secret("invite")).fits(run.config.task.name, name, params.get("invite", "")):
            return Refusal("This link is not a valid invitation. Please use the link that was sent to you, unchanged.")
        return Identity(name, place, _known(params))

    @hookimpl
    def provider_setup(self, run: Run) -> None:
        """Tell the operator how people come."""
        if self.access(run) == "invite":
            run.log.info("people come by personal links: crowd invite %s NAME…", run.name)

    @hookimpl(nonblocking=True)
    def provider_page(self, run: Run) -> dict[str, Any]:
        """In open access the page may ask for a name."""
        is_open = self.access(run) == "open"
        return {
            "name": "in-house",
            "ask_name": is_open,
            "pick": "assignment_id",
            "try_out": is_open,
            "show_items": is_open,
        }

    @hookimpl(nonblocking=True)
    def provider_complete(self, run: Run, visit: Visit, agent: Agent) -> Completion:
        """A thanks page with the next task; for trying out it shows what was stored."""
        fields: dict[str, Any] = {"next": True}
        if self.access(run) == "open":
            fields["stored"] = agent.state.get_parsed_data()
        return Completion("thanks", fields=fields)


def _known(params: dict[str, str]) -> dict[str, str]:
    """What is kept of the URL: never the signature, which would let a reader of the database in."""
    return {k: v for k, v in params.items() if k in ("worker_id", "assignment_id")}
