"""Marks that follow from what a test uses, and the order in which tests run.

`browser` and `postgres` are given by the fixtures (a test that uses none of them says it itself), `slow` is written at
the test: it draws many cases, kills servers again and again, or builds a front end. `processes` has every test of
a module that knows `Machine`, which runs `crowd` as processes. `make test-quick` leaves all four out.
"""

from __future__ import annotations

import pytest

BROWSER = frozenset({"browser", "chromium", "playwright"})
POSTGRES = frozenset({"postgres_server", "quick_postgres", "postgres_url"})


def mark(item: pytest.Item) -> None:
    """Add the marks that a test's fixtures and parameters imply."""
    used = set(getattr(item, "fixturenames", ()))
    chosen = getattr(item, "callspec", None)
    if used & BROWSER:
        item.add_marker("browser")
    if used & POSTGRES or (chosen is not None and chosen.params.get("database_url") == "postgresql"):
        item.add_marker("postgres")
    if hasattr(getattr(item, "module", None), "Machine") or "machine" in used:
        item.add_marker("processes")


def rank(item: pytest.Item) -> int:
    """The long ones first, so that no process is left alone with one at the end."""
    return 0 if item.get_closest_marker("slow") else 1 if item.get_closest_marker("browser") else 2
