"""Provider hooks, typed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.plugins.hooks.typed import TypedCallers
from crowdcore.types import Completion, Identity, Refusal

if TYPE_CHECKING:
    from crowdcore.types import Agent, Payment, Visit, Worker


class ProviderHooks(TypedCallers):
    """Who works, and how they are paid."""

    async def provider_register(self) -> None:
        """Check or store the requester's account."""
        await self._tell("provider_register")

    async def provider_check(self) -> list[str]:
        """Problems that must stop the launch, one line each."""
        return [str(problem) for problem in await self._want("provider_check", list)]

    async def provider_setup(self, url: str) -> None:
        """Prepare the platform for the run served at `url`."""
        await self._tell("provider_setup", url=url)

    async def provider_launch(self, url: str, places: int, total: int) -> None:
        """Offer the first places of work."""
        await self._tell("provider_launch", url=url, places=places, total=total)

    async def provider_identify(self, params: dict[str, str]) -> Identity | Refusal:
        """Who comes with these URL parameters."""
        answer = await self._owner("provider_identify", params=params)
        if isinstance(answer, Identity | Refusal):
            return answer
        raise self._wrong("provider_identify", answer)

    async def provider_complete(self, visit: Visit, agent: Agent) -> Completion:
        """How this visit ends in the worker's browser."""
        return await self._want("provider_complete", Completion, visit=visit, agent=agent)

    async def provider_page(self) -> dict[str, Any]:
        """What the worker's pages should know."""
        return await self._want("provider_page", dict)

    async def provider_sync(self) -> None:
        """Fetch what changed on the platform."""
        await self._tell("provider_sync")

    async def provider_pending(self) -> int:
        """How many visits the platform still holds open."""
        return await self._want("provider_pending", int)

    async def provider_extend(self, places: int, total: int) -> None:
        """Offer `places` more places than before, `total` in all."""
        await self._tell("provider_extend", places=places, total=total)

    async def provider_expire(self) -> float:
        """Stop offering work; seconds until nobody can arrive any more."""
        seconds = await self._owner("provider_expire")
        if isinstance(seconds, int | float):
            return float(seconds)
        raise self._wrong("provider_expire", seconds)

    async def provider_approve(self, visit: Visit) -> None:
        """Approve one visit."""
        await self._tell("provider_approve", visit=visit)

    async def provider_reject(self, visit: Visit, reason: str) -> None:
        """Reject one visit."""
        await self._tell("provider_reject", visit=visit, reason=reason)

    async def provider_pay(self, payment: Payment) -> str:
        """Pay once; the platform's reference."""
        return await self._want("provider_pay", str, payment=payment)

    async def provider_block(self, worker: Worker, reason: str) -> None:
        """Block a worker on the platform."""
        await self._tell("provider_block", worker=worker, reason=reason)

    async def provider_unblock(self, worker: Worker, reason: str) -> None:
        """Take a block back."""
        await self._tell("provider_unblock", worker=worker, reason=reason)

    async def provider_is_blocked(self, worker: Worker) -> bool:
        """Whether the platform blocks this worker."""
        return await self._want("provider_is_blocked", bool, worker=worker)

    async def provider_qualify(self, worker: Worker, qualification: str, value: int) -> None:
        """Mirror a grant."""
        await self._tell("provider_qualify", worker=worker, qualification=qualification, value=value)

    async def provider_unqualify(self, worker: Worker, qualification: str) -> None:
        """Mirror a revoked grant."""
        await self._tell("provider_unqualify", worker=worker, qualification=qualification)

    async def provider_message(self, worker: Worker, text: str) -> None:
        """Send a message to a worker."""
        await self._tell("provider_message", worker=worker, text=text)

    async def provider_balance(self) -> Decimal | None:
        """Money available on the platform, if there is such a thing."""
        balance = await self._owner("provider_balance")
        if balance is None or isinstance(balance, Decimal):
            return balance
        raise self._wrong("provider_balance", balance)

    async def provider_cleanup(self) -> None:
        """Remove from the platform what this run no longer needs."""
        await self._tell("provider_cleanup")
