"""Where a value stands decides how it is written; names are read as authors write them."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from blueprint_static import Template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def filled(source: str, **row: Any) -> str:
    template = Template(source)
    assert template.check(list(row)) == []
    return template.fill(row)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("<p>${a}</p>", "<b>&", "<p>&lt;b&gt;&amp;</p>"),
        ("<p>${ a | safe }</p>", "<b>&", "<p><b>&</p>"),
        ("<p>$${a} ${a}</p>", "x", "<p>${a} x</p>"),
        ("<p>${a}</p>", None, "<p></p>"),
        ("<p>${a}</p>", 2.5, "<p>2.5</p>"),
        ("<p>${a}</p>", {"b": [1, True]}, "<p>{&quot;b&quot;: [1, true]}</p>"),
        ("<p title=${a} x>", "a b", "<p title=a&#32;b x>"),
        ('<a href="${a}">', "javascript:x()", '<a href="about:invalid#unsafe-address">'),
        ('<a href="${a}">', "/x?y=1&z", '<a href="/x?y&#61;1&#38;z">'),
        ('<img src="${a}">', "data:image/png;base64,AA==", '<img src="data:image/png;base64,AA&#61;&#61;">'),
        ('<img src="pictures/${a}.png">', "a:b", '<img src="pictures/a:b.png">'),
        ("<script>var a = ${a};</script>", "5", "<script>var a = 5;</script>"),
        ("<script>var a = ${a};</script>", "x y", '<script>var a = "x\\u0020y";</script>'),
        ("<script>var a = '${a}';</script>", "it's", "<script>var a = 'it\\u0027s';</script>"),
        ("<script>var a = `${a}` + /'/.source;</script>", "x", "<script>var a = `${a}` + /'/.source;</script>"),
        ("<script>// ${b}\nf(`${b + `${c}`}`)</script>", "", "<script>// ${b}\nf(`${b + `${c}`}`)</script>"),
        ("<script>/* ${b} */</script>${a}", "x", "<script>/* ${b} */</script>x"),
        ("<script>`${f('${a}')}`</script>", "<", "<script>`${f('\\u003c')}`</script>"),
        ("<button onclick=\"f('${a}', ${a})\">", "'", "<button onclick=\"f('\\u0027', &#34;\\u0027&#34;)\">"),
        ("<style>p { color: ${a} }</style>", "red}</style>", "<style>p { color: red\\7d \\3c /style\\3e  }</style>"),
        ("<!-- ${b} --><p>${a}", "x", "<!-- ${b} --><p>x"),
        ("<textarea>${a}</textarea>", "</textarea>", "<textarea>&lt;/textarea&gt;</textarea>"),
    ],
)  # fmt: skip
def test_a_value_is_written_for_its_place(source: str, value: Any, expected: str) -> None:
    assert filled(source, a=value) == expected


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("<p>\n<p ${a}>", "2: ${a}: cannot stand here, in the middle of a tag; put it into an attribute's"),
        ("<${a}>${a|raw}", "1: ${a|raw}: there is no |raw; only |safe, which puts the value in as it is"),
        ("<script>x = /${a}/.test(y)</script>", "1: ${a}: cannot stand in a regular expression; use |safe"),
        ('<iframe srcdoc="${a}">', "1: ${a}: cannot stand in srcdoc; use |safe"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_safe_is_told(source: str, said: str) -> None:
    assert Template(source).check(["a"])[0].startswith(said)


def test_an_author_may_insist() -> None:
    assert filled("<p ${a|safe}><script>/${a|safe}/</script>", a="b") == "<p b><script>/b/</script>"


class _Reader(HTMLParser):
    """What a page means to a reader of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


# Python's reader takes more signs for white space than HTML does.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], include_characters=" \n\t"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT)
def test_text_and_attributes_mean_the_value_whatever_it_is(value: str) -> None:
    reader = _Reader()
    reader.feed(filled("<i>${a}</i><b id=\"${a}\" title='${a}' lang=${a}x>", a=value))
    reader.close()
    assert [part for part in reader.seen if isinstance(part, tuple)] == [
        ("i", {}), ("b", {"id": value, "title": value, "lang": value + "x"}),
    ]  # fmt: skip
    assert "".join(part for part in reader.seen if isinstance(part, str)) == value


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT)
def test_a_data_script_holds_the_value_whatever_it_is(value: str) -> None:
    page = filled('<script type="application/json">{"a": "${a}", "b": [${b}]}</script>', a=value, b=[value, {value: 1}])
    inside = page.removeprefix('<script type="application/json">').removesuffix("</script>")
    assert "<" not in inside
    assert json.loads(inside) == {"a": value, "b": [[value, {value: 1}]]}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="<>/!-='\"`${}a |scriptyle\n\\&;"))
def test_any_page_can_be_read_and_is_kept_but_for_its_marks(source: str) -> None:
    template = Template(source)
    if not template.slots and not template.faults and "$${" not in source:
        assert template.fill({}) == source
    for slot in template.slots:
        assert html.unescape(slot.write("")) in ("", '""')
