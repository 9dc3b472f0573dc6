"""Values of {{tokens}} are what people read, sign for sign; markup is only what the template has."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import pytest
from blueprint_form import FormBlueprint, FormOptions, FormState
from blueprint_form.render import render_text

from crowdcore import ConfigError
from crowdcore.testing import Browserless, serve
from tests import web

VALUES = [
    "if (x<y)", "a && b", "-->", "<!-- no -->", "<b>bold</b>", "</p><script>x()</script>", "&lt;", "\"'`=", "a\\1$&",
    "{{t}}", "0crowdtoken0e", "<", "x > y", "<img src=x onerror=y>", "javascript:alert(1)", "insertions/../x.html",
]  # fmt: skip


class Reader(HTMLParser):
    """What a person reads of HTML, and which elements and attributes there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.read, self.elements, self.attributes = "", list[str](), dict[str, str | None]()
        self.feed(text)
        self.close()

    def handle_data(self, data: str) -> None:
        self.read += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.update(attrs)


def items(folder: Path, form: Any, values: list[str]) -> list[Any]:
    (folder / "unit_config.json").write_text(json.dumps({"form": form}))
    (folder / "token_sets_values_config.json").write_text(json.dumps([{"tokens_values": {"t": v}} for v in values]))
    blueprint = FormBlueprint()
    blueprint.options = FormOptions()
    return list(blueprint.blueprint_task_data(SimpleNamespace(task_dir=folder, log=Silent()), 0))  # type: ignore[arg-type]


class Silent:
    def warning(self, *_: object) -> None:
        pass


def page_of(item: Any) -> Any:
    state = FormState()
    state.set_init_state(item)
    return state.get_init_state()["form"]


@pytest.mark.parametrize("template", ["{{t}}", "<p>Is <i>{{ t }}</i> so?</p>", "Tom & Ann: {{t}}", "1<2 {{t}}"])
def test_every_value_is_read_as_it_stands_in_every_text(tmp_path: Path, make_form: Any, template: str) -> None:
    options = [{"label": template, "value": "1"}]
    form = make_form({"name": "a", "label": template, "help": template, "type": "radio", "options": options})
    section = form["sections"][0]
    places = [form, section, section["fieldsets"][0]]
    for place in places:
        place["title"] = place["instruction"] = template
    form["submit_button"]["instruction"] = section["fieldsets"][0]["rows"][0]["help"] = template
    expected = Reader(template)
    for value, item in zip(VALUES, items(tmp_path, form, VALUES), strict=True):
        page = page_of(item)
        shown = page["sections"][0]["fieldsets"][0]
        field = shown["rows"][0]["fields"][0]
        texts = [each[key] for each in (page, page["sections"][0], shown) for key in ("title", "instruction")]
        texts += [page["submit_button"]["instruction"], shown["rows"][0]["help"], field["label"], field["help"]]
        for text in [*texts, field["options"][0]["label"]]:
            read = Reader(text)
            assert read.read == expected.read.replace("{{t}}", value).replace("{{ t }}", value), text
            assert read.elements == expected.elements


def test_texts_without_markup_take_values_as_they_are(tmp_path: Path, make_form: Any) -> None:
    form = make_form({"name": "a", "label": "A", "type": "input", "tooltip": "{{t}}", "placeholder": "{{t}}",
                      "value": "{{t}}"})  # fmt: skip
    form["submit_button"]["text"] = "{{t}}"
    for value, item in zip(VALUES, items(tmp_path, form, VALUES), strict=True):
        page = page_of(item)
        field = page["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]
        assert [field["tooltip"], field["placeholder"], field["value"], page["submit_button"]["text"]] == [value] * 4


def test_review_shows_the_value_of_a_label(tmp_path: Path, make_form: Any) -> None:
    form = make_form({"name": "a", "label": "Does {{t}} hold?", "type": "input"})
    (item,) = items(tmp_path, form, ["if (x<y) & more"])
    assert render_text(item["form"], {"a": "no"}) == "Does if (x<y) & more hold?: no"


@pytest.mark.parametrize("template", ['<b title="{{t}}">x</b>', "<b title={{t}}>x</b>", "<b title='<{{t}}>'>x</b>"])
def test_a_value_in_an_attribute_stays_in_it(tmp_path: Path, make_form: Any, template: str) -> None:
    form = make_form({"name": "a", "label": template, "type": "input"})
    for value, item in zip(VALUES, items(tmp_path, form, VALUES), strict=True):
        read = Reader(page_of(item)["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]["label"])
        assert (read.read, read.elements, list(read.attributes)) == ("x", ["b"], ["title"])
        assert read.attributes["title"] == (f"<{value}>" if "<{{" in template else value)


@pytest.mark.parametrize(
    ("address", "value", "expected"),
    [
        ("https://a.example/find?q={{t}}&l=en", "a&b=c#d e%", "https://a.example/find?q=a%26b%3Dc%23d%20e%25&l=en"),
        ("https://a.example/{{t}}.html", "what? 50%/x", "https://a.example/what%3F%2050%25/x.html"),
        ("{{t}}", "https://a.example/x?y=1&z=2#w", "https://a.example/x?y=1&z=2#w"),
        ("https://{{t}}/x", "a.example:8000", "https://a.example:8000/x"),
        ("{{t}}", "javascript:alert(1)", None),
        ("java{{t}}", "script:alert(1)", "javascript%3Aalert%281%29"),
    ],
)
def test_a_value_in_an_address(tmp_path: Path, make_form: Any, address: str, value: str, expected: str | None) -> None:
    form = make_form({"name": "a", "label": f'<a href="{address}">x</a>', "type": "input"})
    (item,) = items(tmp_path, form, [value])
    shown = page_of(item)["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]["label"]
    assert Reader(shown).attributes.get("href") == expected


def test_a_page_of_the_authors_is_markup_between_tags_only(tmp_path: Path, make_form: Any) -> None:
    (tmp_path / "insertions").mkdir()
    (tmp_path / "insertions" / "n.html").write_text("<em>yes</em>")
    form = make_form({"name": "a", "label": '{{t}} <b title="{{t}}">x</b>', "type": "input"})
    (item,) = items(tmp_path, form, ["insertions/n.html"])
    label = page_of(item)["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]["label"]
    assert label == '<em>yes</em> <b title="insertions/n.html">x</b>'


@pytest.mark.parametrize("label", ["<{{t}}>x</b>", "<b {{t}}>x</b>", "<b {{ t }}=1>x</b>", "<b title={{ t }}>x</b>"])
def test_a_token_in_the_middle_of_a_tag_is_refused(tmp_path: Path, make_form: Any, label: str) -> None:
    form = make_form({"name": "a", "label": label, "type": "input"})
    if label.startswith("<{{"):  # no tag: a sign and a value
        (item,) = items(tmp_path, form, ["b"])
        assert html.unescape(page_of(item)["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]["label"]) == "<b>x"
        return
    with pytest.raises(ConfigError, match="in the middle of a tag; put it into an attribute's quotation marks"):
        items(tmp_path, form, ["b"])


NAMES = ["what?.png", "n#1.png", "100%.png", "50%20off.png", "a b.png", "é+&=;'().png", "sub dir/x?y.png", 'q".png',
         "c:d.png", "plain.png"]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "value"), [("insertions/{{t}}", "{}"), ("{{t}}", "insertions/{}"), ("insertions/{{ t }}.x", "{}")]
)
def test_files_that_tokens_name_are_found_whatever_signs_are_in_their_names(
    tmp_path: Path, make_form: Any, template: str, value: str
) -> None:
    form = make_form({"name": "a", "label": f'<img alt="" src="{template}">', "type": "input"})
    for name in NAMES:
        file = tmp_path / (template.replace("{{t}}", value).replace("{{ t }}", value).format(name))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x89PNG" + name.encode())
    tokens = [{"tokens_values": {"t": value.format(name)}} for name in NAMES]
    (tmp_path / "unit_config.json").write_text(json.dumps({"form": form}))
    (tmp_path / "token_sets_values_config.json").write_text(json.dumps(tokens))
    config = {"task": {"name": "t"}, "blueprint": {"type": "form"}, "provider": {"type": "mock"},
              "architect": {"type": "local", "port": 0}}  # fmt: skip
    (tmp_path / "task.yaml").write_text(json.dumps(config))
    with serve(tmp_path / "task.yaml", data_dir=tmp_path / "data") as run:
        found = set()
        for number in range(len(NAMES)):
            form = Browserless(run.url, worker_id=f"w{number}").enter().document["init"]["form"]
            address = Reader(form["sections"][0]["fieldsets"][0]["rows"][0]["fields"][0]["label"]).attributes["src"]
            assert address is not None
            found.add(web.get(urljoin(f"{run.url}task/", address)).content)
    assert found == {b"\x89PNG" + name.encode() for name in NAMES}
