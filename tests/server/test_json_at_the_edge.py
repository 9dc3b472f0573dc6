"""JSON that could not be stored or shown is refused before anything else sees it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdcore.base.hostile_json import MAX_DEPTH, parse_json
from crowdcore.errors import RequestError
from crowdcore.state import canonical

TEXT = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\0\\\ud800u0"))
REFUSED = {
    "no JSON": b"{",
    "empty": b"",
    "bad UTF-8": b'{"a": "\xff"}',
    "NUL": rb'{"a": "x\u0000y"}',
    "NUL in a key": rb'{"\u0000": 1}',
    "raw NUL": b'{"a": "\x00"}',
    "lone surrogate": rb'{"a": "\ud800"}',
    "lone surrogate in a key": rb'{"\uDC00": 1}',
    "lone surrogate, deep": rb'{"a": [[{"b": ["\ud800"]}]]}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "infinity by size": b'{"a": 1e999}',
    "integer with too many digits": b"[" + b"9" * 5000 + b"]",
    "too deep": b"[" * 65 + b"]" * 65,
    "absurdly deep": b"[" * 100_000,
    "absurdly deep and closed": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_stored_is_invalid(body: bytes) -> None:
    with pytest.raises(RequestError) as refusal:
        parse_json(body)
    assert (refusal.value.status, refusal.value.code) == (422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b"[" + b"[]," * 500 + b"[]]",
        rb'{"a": "\\u0000 is how NUL is written"}',
        rb'"\ud83d\ude00"',
        '"😀"'.encode(),
        b"null",
    ],
    ids=["64 levels", "wide", "escaped backslash", "a whole pair", "an emoji", "null"],
)
def test_what_only_looks_like_it_passes(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


def test_proto_is_a_name_like_any_other() -> None:
    assert parse_json(b'{"__proto__": {"admin": true}}') == {"__proto__": {"admin": True}}


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
                    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)))  # fmt: skip
def test_whatever_passes_has_a_canonical_text_and_the_rest_is_invalid(value: object) -> None:
    body = json.dumps(value).encode()
    if any(mark in body for mark in (rb"\u0000", rb"\ud")) and not storable(value):
        with pytest.raises(RequestError, match=r"NUL|surrogate"):
            parse_json(body)
    else:
        assert json.loads(canonical(parse_json(body)).encode()) == value


def storable(value: object) -> bool:
    """What both databases take: UTF-8 without NUL."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return r"\u0000" not in text.replace("\\\\", "")
