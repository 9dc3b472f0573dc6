"""Plugins that the tests of the configuration name: found by a real catalogue, through real entry points."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from crowdcore.options import ByteSize, Duration, option


class Form:
    """A blueprint with an option of every type."""

    @dataclass(frozen=True, kw_only=True)
    class Retry:
        times: int = option(3, help="How often", min=0)
        pause: Duration = option(1.5, help="Rest between two tries")

    @dataclass(frozen=True, kw_only=True)
    class Options:
        data_json: Path = option(help="Items, a JSON list", path=True)
        colour: Literal["red", "green", "blue"] = option("red", help="Colour of the button")
        limit: ByteSize = option(10_000_000, help="Largest file")
        pause: Duration = option(30.0, help="Rest between two units")
        columns: list[str] = option(factory=list, help="Columns to show")
        weights: dict[str, float] = option(factory=dict, help="Weight of each column")
        strict: bool = option(False, help="Refuse empty answers")
        share: float | None = option(None, help="Share of items", min=0, max=1)
        retry: "Form.Retry" = option(factory=lambda: Form.Retry(), help="Tries")
        more: list[Path] = option(factory=list, help="Further files", path=True)


class Live:
    """A blueprint whose common options have defaults of its own."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        units_per_assignment: int = option(2, help="People in one conversation", min=2)
        data_json: str | None = option(None, help="Items", path=True, must_exist=False)


@dataclass(frozen=True, kw_only=True)
class MarketOptions:
    """The options that both markets share."""

    max_price: Decimal = option(Decimal(1), help="Most that one unit may cost", min=0)
    country: str | None = option(None, help="Country of the workers")


class Market:
    currency = "EUR"
    Options = MarketOptions


class Sandbox:
    Options = MarketOptions


class Panel:
    """A provider with a secret."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        token: str = option(help="Key of the panel's service", secret=True)
        country: str | None = option(None, help="Country of the panel")
        currency: str = option("GBP", help="Currency")


class Inhouse:
    """A provider without options."""


class Local:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        port: int = option(3000, help="Port of the server", min=1, max=65535)


class Bot:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        lines: str = option(help="What it says")
        key: str | None = option(None, help="Key of the service", secret=True)


class Quality:
    """An extension."""
