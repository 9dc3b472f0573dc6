"""Media that a column names are found, whatever signs are in their names."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urljoin

import pytest

from crowdcore.testing import Browserless
from tests import web

NAMES = ["what?.png", "n#1.png", "100%.png", "50%20off.png", "a b.png", "a,b.png", "é+&=;'().png", "sub dir/x?y.png",
         "c:d.png", "quote\".png", "plain.png"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("page", "value", "found"),
    [
        ('<img src="${n}">', "{}", r'src="([^"]*)"'),
        ("<img src=${n}>", "{}", r"src=([^ >]*)"),
        ('<img src="media/${n}">', "media/{}", r'src="([^"]*)"'),
        ('<img src="media%20/${n}.x">', "media /{}.x", r'src="([^"]*)"'),
        ('<img srcset="${n} 1x, ${n} 2x">', "{}", r"1x, (\S*) 2x"),
        ('<p style="background: url(${n})">', "{}", r"url\(([^)]*)\)"),
        ('<video poster="${n}">', "{}", r'poster="([^"]*)"'),
    ],
)
def test_a_file_is_found_by_the_name_in_a_column(folder: Any, name: str, page: str, value: str, found: str) -> None:
    folder.write("rows.json", json.dumps([{"n": name}]))
    folder.write(f"extra/{value.format(name)}", b"\x89PNG" + name.encode())
    folder.write("task.html", page)
    run = folder.launch(task_source="task.html", data_json="rows.json", extra_source_dir="extra")
    shown = Browserless(run.url, worker_id="x").enter().document["init"]["html"]
    address = re.search(found, shown)
    assert address is not None, shown
    assert web.get(urljoin(f"{run.url}task/", html.unescape(address[1]))).content == b"\x89PNG" + name.encode()


def test_what_names_no_file_stands_as_it_is(folder: Any) -> None:
    folder.write("rows.json", json.dumps([{"n": "https://a.example/b%20c?d=e#f", "alt": "what?.png"}]))
    folder.write("extra/what?.png", b"\x89PNG")
    folder.write("task.html", '<a href="${n}">x</a><img alt="${alt}">${alt}')
    run = folder.launch(task_source="task.html", data_json="rows.json", extra_source_dir="extra")
    shown = html.unescape(Browserless(run.url, worker_id="x").enter().document["init"]["html"])
    assert shown == '<a href="https://a.example/b%20c?d=e#f">x</a><img alt="what?.png">what?.png'


def test_a_file_whose_name_no_address_can_have_is_said(folder: Any) -> None:
    folder.write("rows.json", json.dumps([{"n": 1}]))
    folder.write("task.html", "${n}")
    folder.write("extra/a\udcff.png", b"\x89PNG")
    (fault,) = folder.faults(task_source="task.html", data_json="rows.json", extra_source_dir="extra")
    assert fault.endswith("its name is no UTF-8, so that no address leads to it; rename the file")
