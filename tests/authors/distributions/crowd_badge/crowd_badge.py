"""Colleagues come with the number of their badge; the payroll office gets a note for each reward."""

from dataclasses import dataclass, field
from pathlib import Path

from crowdcore import Completion, Identity, Refusal, hookimpl


class BadgeProvider:
    delivers = frozenset({"reward"})  # the core sends rewards through provider_pay
    currency = "EUR"

    @dataclass(frozen=True, kw_only=True)
    class Options:
        badges: list[str] = field(metadata={"help": "Numbers of the badges that may come"})
        payroll: Path = field(metadata={"help": "Folder for the notes", "path": True})
        home: str = field(default="https://intranet.example/", metadata={"help": "Where people go afterwards"})

    @hookimpl
    def provider_check(self):
        return [] if self.options.badges else ["badges is empty: nobody could come"]

    @hookimpl
    def provider_page(self):
        return {"name": "Badges"}

    @hookimpl
    def provider_identify(self, params):
        badge = params.get("badge")
        if badge is None:
            return Identity(None)  # a visitor: the preview
        if badge not in self.options.badges:
            return Refusal("This badge is not on the list. Please ask at the front desk.")
        return Identity(f"badge-{badge}", params.get("place"), {"badge": badge})

    @hookimpl
    def provider_complete(self, visit):
        return Completion("redirect", f"{self.options.home}?visit={visit.external_id}")

    @hookimpl
    def provider_pay(self, payment):
        note = self.options.payroll / payment.key.replace(":", "-")  # written twice it is still one note
        note.write_text(f"{payment.worker.name} gets {payment.amount} {payment.currency}\n")
        return note.name
