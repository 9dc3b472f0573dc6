"""Money in a configuration is whole cents of the provider's currency."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from crowdcore import ConfigError, RunConfig

FORM = "blueprint: {type: form, data_json: data.json}\n"
PLACES = {"JPY": 0, "USD": 2, "EUR": 2, "KWD": 3}
MONEY = ("task.reward", "task.budget", "pairing.waiting_pay")

Load = Callable[..., RunConfig]
Problems = Callable[..., list[str]]


def _value(config: RunConfig, key: str) -> Decimal:
    section, _, name = key.partition(".")
    return Decimal(getattr(getattr(config, section), name))


@pytest.fixture
def market(folder: object) -> Callable[[str], str]:
    """The text of a task whose provider pays in a currency."""
    return lambda code: f"{FORM}provider: {{type: ./own.py:Own, currency: {code}}}\n"


@pytest.fixture(autouse=True)
def own(folder) -> None:
    """A provider with the option `currency`."""
    (folder / "own.py").write_text(
        "from dataclasses import dataclass\nfrom decimal import Decimal\nfrom crowdcore.options import Price, option\n"
        "class Own:\n    @dataclass(frozen=True, kw_only=True)\n    class Options:\n"
        "        currency: str = option('USD', help='c')\n        fee: Decimal | None = option(None, help='f')\n"
        "        fees: dict[str, Decimal] = option(factory=dict, help='f')\n        rate: Price = option(1, help='r')\n"
    )


@pytest.mark.parametrize("key", MONEY)
@pytest.mark.parametrize(("code", "places"), PLACES.items())
def test_a_cent_is_taken_and_a_tenth_of_it_refused(load: Load, problems: Problems, market, key, code, places) -> None:
    cent, less = Decimal(3).scaleb(-places), Decimal(31).scaleb(-places - 1)
    assert _value(load(market(code), f"{key}={cent:f}"), key) == cent
    (told,) = problems(market(code), f"{key}={less:f}")
    assert told.startswith(f"command line: {key}: expected an amount of {code} with")
    assert told.endswith(f", got {less:f}")


@pytest.mark.parametrize("key", MONEY)
@pytest.mark.parametrize("written", ["'1_000'", "'١٢'", "'0.５'", "0.005", "0.001", "'1 000'"])
def test_other_spellings_and_parts_of_cents_are_refused(problems: Problems, market, key, written) -> None:
    section, _, name = key.partition(".")
    (told,) = problems(f"{market('USD')}{section}: {{{name}: {written}}}")
    assert f"{key}: expected an amount of" in told


def test_the_options_of_plugins_are_money_of_the_run_too(load: Load, problems: Problems) -> None:
    own = FORM + "provider: {type: ./own.py:Own, currency: JPY, %s}\n"
    assert load(own % "fee: 12, fees: {a: 3}, rate: 0.25").provider.options.rate == Decimal("0.25")
    assert "option 'fee': expected an amount of JPY without decimal places" in problems(own % "fee: 1.5")[0]
    assert "expected an amount of JPY without decimal places" in problems(own % "fees: {a: 0.1}")[0]


@pytest.mark.parametrize("written", ["0.005", "1_000", "١٢", "10.999"])
def test_what_is_changed_while_a_run_is_open_is_asked_too(load: Load, market, written) -> None:
    config = load(market("USD"), "task.budget=10")
    for key in ("task.budget", "pairing.waiting_pay"):
        with pytest.raises(ConfigError, match=f"^command line: {key}: expected an amount of"):
            config.replace(key, written)
    assert config.replace("task.budget", "10.99").task.budget == Decimal("10.99")
