"""A pattern means the same in Python as in JavaScript, or it is refused with the reason."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from blueprint_form.patterns import PatternError, compile_pattern
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crowdcore.plugins.markers import NotInPlace

ATOMS = ["a", "B", "k", "é", "ß", "ſ", "σ", "😀", "𐐀", ".", "\\d", "\\D", "\\w", "\\W", "\\s",
    "\\S", "[a-z]", "[^a-z]", "[\\w-]",
         "[^\\W_]", "[😀-😎é]", "[]", "[^]", "\\.", "\\x6B", "\\u212A", "\\uD83D", "\\n", "-", "]",
         "\\p{Lu}", "[^\\p{L}]"]  # fmt: skip
PLACES = ["^", "$", "\\b", "\\B", "(?=a)", "(?!a)", "(?<=B)", "(?<!\\w)"]
COUNTS = ["", "", "", "?", "*", "+", "{2}", "{1,2}", "{0,}", "+?", "*?"]
TEXT = st.lists(
    st.sampled_from(["a", "B", "b", "k", "K", "K", "s", "ſ", "ß", "ẞ", "é", "É", "σ", "ς", "Σ",
    "😀", "𐐀", "𐐨", "1", "_", " ", "\n",
                     "\r", "\u2028", "\x85", "\ufeff", "\u180e", "-", "]", ".", "ǅ", "İ", "ı",
                     "i", "I", "µ", "μ"]),
    max_size=6,
).map("".join)  # fmt: skip
FLAGS = st.sampled_from(["", "i", "u", "iu", "m", "s", "y", "imsu"])


def _repeated(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda body, count: f"({body}){count}", inner, st.sampled_from(COUNTS))


SOURCES = st.recursive(
    st.lists(
        st.one_of(st.builds(str.__add__, st.sampled_from(ATOMS), st.sampled_from(COUNTS)), st.sampled_from(PLACES)),
        min_size=1, max_size=4,
    ).map("".join),
    lambda inner: st.one_of(
        _repeated(inner),
        st.builds(lambda left, right: f"{left}|{right}", inner, inner),
        st.builds(lambda left, right: f"{left}(?:{right})", inner, inner),
        st.builds(lambda left, right: f"({left}){right}\\1", inner, inner),
    ),
    max_leaves=4,
)  # fmt: skip


@settings(
    max_examples=3000, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(SOURCES, FLAGS, TEXT)
def test_whatever_is_accepted_matches_as_in_javascript(browser: Any, source: str, flags: str, text: str) -> None:
    try:
        pattern = compile_pattern(source, flags)
    except PatternError:
        return
    assert pattern.test(text) == browser.test(source, flags, text)


@pytest.mark.parametrize(
    ("source", "flags", "reason"),
    [
        ("(", "", "never closed"), ("a)", "", "unmatched"), ("[a", "", "never closed"), ("*a", "",
        "nothing to repeat"),
        ("a{2,1}", "", "out of order"), ("[z-a]", "", "out of order"), ("a\\", "", "ends too early"),
        ("(?P<n>a)", "", "(?<name>"), ("a++", "", "possessive"), ("(?>a)", "",
        "not in JavaScript"), ("(?i)a", "", "not in JavaScript"),
        ("\\Aa", "", "use ^"), ("a\\Z", "", "use $"), ("\\p{L}", "", "needs flag u"), ("\\p{L}",
        "iu", "both cases"),
        ("\\p{Emoji}", "u", "not offered"), ("(a)+\\1", "", "not the same"), ("(a)\\1", "i",
        "not the same"), ("\\1(a)", "", "always be empty"),
        ("(?<=\\1(a))", "", "not the same"), ("\\2(a)", "", "does not exist"), ("\\k<n>a", "",
        "names no group"), ("a", "v", "flag 'v'"),
        ("a", "ii", "twice"), ("\\-", "u", "drop the backslash"), ("{", "u", "\\{"), ("\\012", "",
        "octal"), ("(?<n>a)(?<n>b)", "", "two groups"),
    ],
)  # fmt: skip
def test_a_pattern_that_one_side_lacks_is_refused_with_the_reason(source: str, flags: str, reason: str) -> None:
    with pytest.raises(PatternError) as refusal:
        compile_pattern(source, flags)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("source", "flags", "text", "matches"),
    [
        ("^a$", "", "a\n", False), ("^\\d$", "", "٣", False), ("^\\w$", "", "é", False), ("^\\s$",
        "", "\ufeff", True),
        ("^\\s$", "", "\x85", False), (".", "", "\u2028", False), (".", "s", "\u2028", True),
        ("^b", "m", "a\rb", True),
        ("b", "y", "ab", False), ("^.$", "", "😀", False), ("^.$", "u", "😀", True), ("ß", "i",
        "SS", False), ("k", "i", "\u212a", False),
        ("k", "iu", "\u212a", True), ("A", "ig", "a", True),
    ],
)  # fmt: skip
def test_javascripts_meaning_decides(source: str, flags: str, text: str, matches: bool, browser: Any) -> None:
    assert compile_pattern(source, flags).test(text) is matches
    assert browser.test(source, flags, text) is matches


def test_a_pattern_that_explodes_is_cut_off_after_50_milliseconds() -> None:
    pattern = compile_pattern("^(a|aa)+$")
    pattern.test("a")
    with pytest.raises(TimeoutError):
        pattern.test("a" * 60 + "b")  # which would take thousands of years


def test_what_other_threads_compute_is_not_held_against_a_pattern() -> None:
    pattern, over = compile_pattern("^[A-Z]{2}-[0-9]{4}$"), threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(1000))

    threads = [threading.Thread(target=compute) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert pattern.test("AB-1234")
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_on_an_event_loop_a_pattern_matches_at_once_or_not_there() -> None:
    async def match(source: str, text: str) -> bool:
        return compile_pattern(source).test(text)

    compile_pattern.cache_clear()
    with pytest.raises(NotInPlace):  # to be compiled
        asyncio.run(match("^(a|aa)+$", "a"))
    assert compile_pattern("^(a|aa)+$").test("a")
    assert asyncio.run(match("^(a|aa)+$", "a"))
    with pytest.raises(NotInPlace):
        asyncio.run(match("^(a|aa)+$", "a" * 60 + "b"))
