"""Author pages get what their blueprint declares, and nothing can break out of the header."""

from __future__ import annotations

import pytest

from crowdcore.errors import ConfigError
from crowdcore.server.http.headers import STRICT, policy


def directives(value: bytes) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (part.split() for part in value.decode().split(";"))}


def test_without_declarations_everything_comes_from_here() -> None:
    strict = directives(policy(STRICT))
    assert strict["default-src"] == strict["script-src"] == ["'self'"]
    assert strict["object-src"] == ["'none'"]


def test_declared_sources_are_added_to_their_directive() -> None:
    found = directives(policy(STRICT, {"img-src": ["https:"], "object-src": ["https://a.example"]}, None))
    assert found["img-src"] == ["'self'", "data:", "blob:", "https:"]
    assert found["object-src"] == ["https://a.example"]
    assert found["script-src"] == ["'self'"]


def test_a_new_directive_keeps_what_its_fallback_allowed() -> None:
    found = directives(policy(STRICT, {"frame-src": "https://www.example.org"}))
    assert found["frame-src"] == ["'self'", "https://www.example.org"]


@pytest.mark.parametrize(
    "extra",
    [
        {"img-src": ["https:; script-src *"]},
        {"img-src": ["a, b"]},
        {"img-src": ["a\r\nX-Evil: 1"]},
        {"img-src": [7]},
        {"img src": ["https:"]},
        {"img-src": ["https://ünicode.example"]},
    ],
)
def test_a_source_that_would_change_the_header_is_an_error_of_the_task(extra: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="csp: "):
        policy(STRICT, extra)
