"""Where somebody comes from is what the connection says, or what a proxy says that the operator named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError
from crowdcore.testing import serve
from tests import web

from .conftest import Start


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Serves a run in which one address may hold one unit; gives a way to come with forwarded addresses."""
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    opened = []

    def start(**architect: Any) -> Any:
        config = {
            "task": {"name": "pages"}, "blueprint": {"type": "mock", "num_assignments": 50},
            "provider": {"type": "mock"}, "architect": {"type": "local", "port": 0, **architect},
            "gates": {"max_open_units_per_address": 1},
        }  # fmt: skip
        context = serve(config, data_dir=tmp_path / "data")
        run = context.__enter__()
        opened.append(context)

        def come(worker: str, *forwarded: str) -> int:
            headers = [("X-Forwarded-For", one) for one in forwarded]
            body = {"params": {"worker_id": worker}}
            return web.post(run.url + "api/v1/agents", json=body, headers=headers).status_code

        return come

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def test_what_a_stranger_says_of_their_address_is_not_believed(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    come = served()
    assert come("a", "192.0.2.1") == 201
    assert [come(f"b{n}", f"192.0.2.{n}") for n in range(2, 6)] == [429] * 4
    told = [r.getMessage() for r in caplog.records if "not believed" in r.getMessage()]
    assert len(told) == 1, "a proxy that nobody named is told once"
    assert "architect.trusted_proxies=[127.0.0.1]" in told[0]


def test_a_proxy_that_is_named_tells_people_apart(served: Any) -> None:
    come = served(trusted_proxies=["127.0.0.1"])
    assert [come(f"a{n}", f"192.0.2.{n}") for n in range(4)] == [201] * 4
    assert come("b", "192.0.2.3") == 429


def test_of_a_chain_the_right_most_address_counts_that_is_no_proxys(served: Any) -> None:
    come = served(trusted_proxies=["127.0.0.1", "10.0.0.0/8"])
    assert come("a", "198.51.100.1, 192.0.2.1, 10.1.2.3") == 201
    assert come("b", "198.51.100.2, 192.0.2.1, 10.1.2.4") == 429, "what stands left of it is made up"
    assert come("c", "198.51.100.3", "192.0.2.1") == 429, "two headers are one"
    assert come("d", "198.51.100.1, 192.0.2.2") == 201


@pytest.mark.parametrize("word", ["*", "proxy.example", "10.0.0.1/8", ""])
def test_a_proxy_that_is_no_address_is_refused(start: Start, word: str) -> None:
    with pytest.raises(ConfigError, match="trusted_proxies: ") as error:
        start(trusted_proxies=[word])
    assert "10.0.0.0/8" in str(error.value)
