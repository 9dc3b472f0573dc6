"""Every section of task.yaml as a documented, frozen dataclass.

`crowd options task` (`gates`, `pairing`, `admin`) prints these. Durations are float seconds, money is
`Decimal` in the provider's currency, paths are absolute. A limit of 0 means no limit. Fields marked
`changeable` may be changed while a run is open (`crowd set RUN key=value`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from crowdcore.base.hostile_json import MAX_VALUES
from crowdcore.base.places import is_address, is_loopback
from crowdcore.base.quantities import ByteSize, Duration
from crowdcore.plugins.options import option

Comparator = Literal["==", "!=", "<", "<=", ">", ">=", "exists", "does_not_exist", "in", "not_in"]
OnTimeout = Literal["launch_reduced", "stand_in", "release", "requeue", "wait"]
OnPartnerLeft = Literal["end_and_pay", "stand_in", "wait", "requeue"]
OnCrash = Literal["end_and_pay", "requeue"]


_SITE = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """What is offered to workers, for how much and for how long (`task:`)."""

    name: str = option("", help="Name shared by the runs of one task; default: the folder's name")
    title: str = option("", help="Title that workers read before they start")
    description: str = option("", help="Short description that workers read before they start")
    reward: Decimal = option(Decimal(0), help="Pay for one unit, in the provider's currency", min=0)
    visit_params: list[str] = option(
        factory=list,
        help="Parameters of the workers' address to keep with their visits, besides those that say who comes",
    )
    framed_by: list[str] = option(
        factory=list, help="Addresses of sites that may show the task in a frame, say https://panel.example"
    )
    tags: list[str] = option(factory=list, help="Words by which workers find the task on a platform")
    assignment_duration: Duration = option(1800.0, help="How long one worker may take for one unit", min=1)
    max_units_per_worker: int = option(
        0, help="Units one worker may do in this task, over all its runs; 0 = no limit", min=0, changeable=True
    )
    max_open_units: int = option(
        0, help="Units open to workers at the same time in this run; 0 = no limit", min=0, changeable=True
    )
    max_open_units_per_worker: int = option(
        1, help="Units one worker may hold at the same time; 0 = no limit", min=0, changeable=True
    )
    lifetime: Duration = option(
        31 * 86400.0, help="How long the run is served and offers work at most", min=1, changeable=True
    )
    patience: Duration = option(
        12 * 3600.0, help="The run ends after so long without a submission; 0 = never", min=0, changeable=True
    )
    budget: Decimal | None = option(
        None, help="Most money this run may promise, in the provider's currency", min=0, changeable=True
    )
    max_draft: ByteSize = option(
        1024**2, help="Size of what a page may save before it submits; up to 16 MB", min=0, max=16 * 1024**2
    )
    max_values: int = option(
        MAX_VALUES, help="JSON values (texts, numbers, lists, …) in one submission or draft at most", min=1
    )

    def __post_init__(self) -> None:
        for site in self.framed_by:
            if not _SITE.fullmatch(site):
                raise ValueError(
                    f"framed_by: {site!r} is no site; write its scheme and name and nothing else, as in "
                    "https://panel.example or https://*.panel.example:8443"
                )


@dataclass(frozen=True, kw_only=True)
class QualificationRequirement:
    """One condition on a worker's grant of a qualification (an item of `gates.qualifications`)."""

    name: str = option(help="Name of the qualification")
    comparator: Comparator = option("exists", help="How the worker's value is compared with `value`")
    value: int | list[int] | None = option(
        None, help="A whole number, or a list of them for in and not_in; none for exists and does_not_exist"
    )
    providers: list[str] = option(factory=list, help="Ask only workers of these providers; empty = all")

    def __post_init__(self) -> None:
        if self.comparator in ("exists", "does_not_exist"):
            if self.value is not None:
                raise ValueError(f"comparator {self.comparator!r} takes no value")
        elif self.comparator in ("in", "not_in"):
            if not isinstance(self.value, list):
                raise ValueError(f"comparator {self.comparator!r} needs value: a list of whole numbers")
        elif not isinstance(self.value, int):
            raise ValueError(f"comparator {self.comparator!r} needs value: one whole number")


@dataclass(frozen=True, kw_only=True)
class OnboardingConfig:
    """What a worker must pass once before the first unit (`gates.onboarding`)."""

    qualification: str = option(help="Name of the grant that passing gives; tasks with the same name share it")
    data: Path | None = option(
        None, help="File with the item shown, of the task's own kind; default: blueprint_gate_data", path=True
    )
    answers: dict[str, Any] | None = option(
        None, help="Declared answers (field: value), compared when no validate_onboarding hook judges"
    )
    attempts: int = option(1, help="How often a worker may try", min=1)
    feedback: str = option("", help="What a worker reads between two attempts")


@dataclass(frozen=True, kw_only=True)
class ScreeningConfig:
    """A first unit that is checked (`gates.screening`)."""

    qualification: str = option(help="Name of the grant that passing gives; a failure is granted as 0")
    data: bool | Path = option(
        False, help="false: a real unit is the check; true: blueprint_gate_data; or a file of items", path=True
    )
    max_screening_units: int = option(
        0, help="Screening units paid at most in one run; 0 = no limit", min=0, changeable=True
    )


@dataclass(frozen=True, kw_only=True)
class GoldConfig:
    """Items with known answers mixed into the work (`gates.gold`). Give `every` or `rate`, not both."""

    qualification: str = option(help="Name under which a worker's record with golds is kept")
    data: Path | None = option(None, help="File of items, each with `answers`; default: blueprint_gate_data", path=True)
    every: int | None = option(None, help="One gold after this many units", min=1)
    rate: float | None = option(
        None, help="Share of a worker's pieces of work that are golds, after the first ones", min=0, max=1
    )
    min_correct: int = option(1, help="Golds to get right before the first unit", min=0)
    max_incorrect: int | None = option(None, help="Golds a worker may get wrong; none = no limit", min=0)
    max_gold_units: int = option(0, help="Golds paid at most in one run; 0 = no limit", min=0, changeable=True)
    on_fail: Literal["block", "soft_reject"] = option(
        "block", help="block: no further work; soft_reject: also the work since the last pass is paid, not used"
    )

    def __post_init__(self) -> None:
        if self.every is not None and self.rate is not None:
            raise ValueError("give every or rate, not both")


@dataclass(frozen=True, kw_only=True)
class GatesConfig:
    """What stands between a worker and a unit (`gates:`)."""

    qualifications: list[QualificationRequirement] = option(
        factory=list, help="Conditions on workers' qualifications, all of which must hold"
    )
    block_qualification: str | None = option(None, help="Holders of this qualification get no work")
    new_qualifications: list[str] = option(
        factory=list, help="Qualifications named here that nobody was granted yet; other unknown names are errors"
    )
    allow_list: Path | list[str] | None = option(
        None, help="Only these workers: a file with one name a line, or a list", path=True
    )
    block_list: Path | list[str] | None = option(
        None, help="Not these workers: a file with one name a line, or a list", path=True
    )
    max_units_per_worker_per_run: int = option(
        0, help="Units one worker may do in one run; 0 = no limit", min=0, changeable=True
    )
    max_units_per_worker_per_day: int = option(
        0, help="Units one worker may do in this task within 24 hours; 0 = no limit", min=0, changeable=True
    )
    max_open_units_per_address: int | None = option(
        None, help="Units open at the same time to all who come from one network address; 0 = no limit; default: 200 "
        "where anybody may say who they are, else no limit", min=0, changeable=True,
    )  # fmt: skip
    max_new_workers_per_address: int | None = option(
        None, help="Workers who come for the first time from one network address within an hour; 0 = no limit; "
        "default: 400 where anybody may say who they are, else no limit", min=0, changeable=True,
    )  # fmt: skip
    onboarding: OnboardingConfig | None = option(None, help="What a worker must pass once before the first unit")
    screening: ScreeningConfig | None = option(None, help="A first unit that is checked")
    gold: GoldConfig | None = option(None, help="Items with known answers mixed into the work")
    units_per_session: int = option(1, help="Units one visit does one after the other; each is paid", min=1)
    after_task: Path | None = option(None, help="A short form (JSON) shown after the last submission", path=True)
    feedback: bool = option(True, help="Every page has a box in which workers write to the author")
    tips: bool = option(True, help="Workers may leave tips there; accepted ones are shown to others (`crowd tips`)")


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A bot that takes an empty seat (an item of `pairing.stand_in`).

    `options` is an instance of the bot's own Options class.
    """

    type: str = option(help="Name of the bot, as in `crowd plugins`")
    options: Any = field(default=None, metadata={"hidden": True})


@dataclass(frozen=True, kw_only=True)
class ExtensionChoice:
    """What a task listens with, or adds to its pages and gates (an item of `extensions`).

    `options` is an instance of the extension's own Options class.
    """

    type: str = option(help="Name of the extension, as in `crowd plugins`, or ./file.py:Class")
    options: Any = field(default=None, metadata={"hidden": True})


@dataclass(frozen=True, kw_only=True)
class PairingConfig:
    """What happens when people work together and somebody is missing (`pairing:`)."""

    timeout: Duration = option(120.0, help="How long the first who came waits for the others", min=0, changeable=True)
    on_timeout: OnTimeout = option("release", help="What then happens to those who wait", changeable=True)
    stand_in: list[StandIn] = option(factory=list, help="Bots for empty seats; the next one takes over when one fails")
    on_partner_left: OnPartnerLeft = option(
        "end_and_pay", help="What happens when somebody leaves after the start", changeable=True
    )
    disconnect_grace: Duration = option(
        60.0, help="How long a lost connection may last before the person counts as gone", min=0, changeable=True
    )
    waiting_pay: Decimal = option(
        Decimal(0), help="Pay of a person who waited and was released", min=0, changeable=True
    )
    roles: list[str] = option(
        factory=list, help="Names of the seats, as the others read them; default: Person 1, Person 2 and so on"
    )
    max_duration: Duration | None = option(
        None, help="How long people may be together at most; default: task.assignment_duration", min=1, changeable=True
    )
    max_conversations: int = option(
        1000, help="How many conversations go on at once; the others wait; 0 = no limit", min=0, changeable=True
    )
    on_crash: OnCrash = option(
        "end_and_pay", help="What happens when a conversation cannot be taken up again after a crash", changeable=True
    )
    disclose: bool = option(True, help="Tell workers when a partner is a bot", changeable=True)
    disclosure: str = option("Your partner is a computer program.", help="The text that tells them", changeable=True)

    def __post_init__(self) -> None:
        if not self.stand_in:
            for key in ("on_timeout", "on_partner_left"):
                if getattr(self, key) == "stand_in":
                    raise ValueError(f"{key}: stand_in needs stand_in: {{type: a bot's name}}")
        if len(set(self.roles)) < len(self.roles) or not all(0 < len(role) <= 64 for role in self.roles):
            raise ValueError("roles: names of 1 to 64 characters, each another one")

    def role(self, number: int) -> str:
        """The role of a seat of a conversation (from 0), "" if it has none."""
        return self.roles[number] if number < len(self.roles) else ""


@dataclass(frozen=True, kw_only=True)
class AdminConfig:
    """Where the requester's own pages are served, apart from the workers' (`admin:`)."""

    host: str = option("127.0.0.1", help="Address to listen on")
    port: int | None = option(None, help="Port; default: the worker port + 1, or the next free one", min=1, max=65535)
    public_url: str | None = option(None, help="Address in a browser when behind a proxy")
    hosts: list[str] = option(factory=list, help="Further names by which browsers may reach the pages")
    tls_certificate: Path | None = option(None, help="PEM file of the certificate: serves https", path=True)
    tls_key: Path | None = option(None, help="PEM file of the certificate's key", path=True)
    without_tls: bool = option(
        False, help="Whether other machines may come without https: links can be read on the way"
    )

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("give both tls_certificate and tls_key, or neither")
        if not is_loopback(self.host) and self.tls_certificate is None and not self.without_tls:
            raise ValueError(
                f"host: {self.host} lets other machines in, and without https everybody on the way reads what they "
                "log in with; keep host: 127.0.0.1 and use ssh -L or a proxy with https, give tls_certificate and "
                "tls_key, or say without_tls: true"
            )
        for name in self.hosts:
            if not name or (any(sign in name for sign in "/:@ ") and not is_address(name)):
                raise ValueError(f"hosts: {name!r} is no name of a machine, as in admin.example.org")


@dataclass(frozen=True, kw_only=True)
class BlueprintChoice:
    """The blueprint of a run: what a worker does (`blueprint:`).

    `options` is an instance of the plugin's own Options class. It may declare a field of the same name as
    one here (say, units_per_assignment with another default): that declaration is then used, and both
    places hold the same value. So for providers and architects.
    """

    type: str = option(help="Name of the blueprint, as in `crowd plugins`, or ./file.py:Class")
    options: Any = field(default=None, metadata={"hidden": True})
    units_per_assignment: int = option(1, help="How many workers do each item", min=1, max=100_000)
    launch_ahead: int = option(200_000, help="Units made ahead of the workers' demand; 1 = on demand", min=1)


@dataclass(frozen=True, kw_only=True)
class ProviderChoice:
    """The provider of a run: who works and how they are paid (`provider:`); `options` as above."""

    type: str = option(help="Name of the provider, as in `crowd plugins`, or ./file.py:Class")
    options: Any = field(default=None, metadata={"hidden": True})
    requester: str | None = option(None, help="Name of the registered account on the provider")


@dataclass(frozen=True, kw_only=True)
class ArchitectChoice:
    """The architect of a run: where its server runs (`architect:`); `options` as above."""

    type: str = option(help="Name of the architect, as in `crowd plugins`, or ./file.py:Class")
    options: Any = field(default=None, metadata={"hidden": True})


PluginChoice = BlueprintChoice | ProviderChoice | ArchitectChoice
