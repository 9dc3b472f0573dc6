"""Durations, sizes and money: what is written parses back to the very same value."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdcore.base.quantities import (
    format_duration,
    format_money,
    format_size,
    micros_of,
    parse_duration,
    parse_money,
    parse_size,
    places_of,
)


@given(st.integers(0, 3_000_000_000) | st.integers(0, 10**9).map(lambda n: n / 1000))
def test_a_duration_comes_back_from_its_text(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(0, 2**50))
def test_a_size_comes_back_from_its_text(size):
    assert parse_size(format_size(size)) == size


@given(st.decimals(-(10**9), 10**9, places=4))
def test_an_amount_comes_back_from_its_text(amount):
    assert parse_money(format_money(amount)) == amount


@given(st.text(max_size=12))
def test_other_text_is_refused_with_a_hint(text):
    for parse in (parse_duration, parse_size, parse_money):
        try:
            value = parse(text)
        except ValueError as error:
            assert str(error).startswith("expected ")  # noqa: PT017
        else:
            assert value == value


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        ("2w", 1_209_600),
        ("0", 0),
        ("250ms", 0.25),
        ("1d1h1m1s", 90061),
    ],
)
def test_durations(written, seconds):
    assert parse_duration(written) == seconds


@pytest.mark.parametrize("written", ["", "h", "-1s", "1x", "1h1h", "1e3", "nan", "1,5h", "101w1d99999999m", "10 years"])
def test_no_durations(written):
    with pytest.raises(ValueError, match=r"^expected a duration"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("written", "size"),
    [("10MB", 10_000_000), ("10mb", 10_000_000), ("1.5KiB", 1536), ("5 GiB", 5 * 2**30), ("7", 7), ("10M", 10_000_000)],
)
def test_sizes(written, size):
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["", "MB", "-1", "1.0001B", "10XB", "1e3"])
def test_no_sizes(written):
    with pytest.raises(ValueError, match=r"^expected a"):
        parse_size(written)


@pytest.mark.parametrize("written", ["", "nan", "inf", "1e99999999", "$3", "0,30", "0." + "0" * 30 + "1"])
def test_no_money(written):
    with pytest.raises(ValueError, match=r"^expected an amount of money"):
        parse_money(written)


def test_money_keeps_its_places():
    assert str(parse_money("0.30")) == "0.30"
    assert parse_money("1e2") == Decimal(100)


CURRENCIES = st.sampled_from([("JPY", 0), ("KRW", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("BHD", 3), ("CLF", 4)])


@given(CURRENCIES, st.integers(0, 10**12))
def test_whole_cents_come_back_and_are_counted_exactly(currency, cents):
    code, places = currency
    amount = Decimal(cents).scaleb(-places)
    assert places_of(code) == places
    written = format_money(amount, code)
    assert parse_money(written, code) == amount
    assert len(written.partition(".")[2]) == places
    assert micros_of(amount, code) == cents * 10 ** (6 - places)


@given(CURRENCIES, st.integers(0, 10**9), st.integers(1, 9), st.integers(1, 6))
def test_less_than_a_cent_is_refused(currency, cents, digit, beyond):
    code, places = currency
    amount = Decimal(cents).scaleb(-places) + Decimal(digit).scaleb(-places - beyond)
    with pytest.raises(ValueError, match=f"^expected an amount of {code} with"):
        parse_money(f"{amount:f}", code)
    with pytest.raises(ValueError, match=f"^expected an amount of {code} with"):
        micros_of(amount, code)


@given(st.text("0123456789_.,eE+- \u0660\u0661\u0662\uff11\u09e7", min_size=1, max_size=10))
def test_what_is_read_as_money_is_plain_digits(text):
    try:
        amount = parse_money(text)
    except ValueError:
        return
    assert text.isascii()
    assert "_" not in text
    assert amount == Decimal(text)


@pytest.mark.parametrize(
    "written", ["1_000", "\u0663", "1\u0660", "\uff15", "1,000", "0x10", "1 000", "--1", ".5", "5."]
)
def test_other_spellings_of_numbers_are_no_money(written):
    with pytest.raises(ValueError, match=r"^expected an amount of money"):
        parse_money(written, "USD")
