"""The name a file came with is for showing only: no folders, nothing invisible, not endless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdcore.server.multipart import display_name


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\x\\report.pdf", "report.pdf"),
        ("/abs/path/", "file"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("a\0b\r\n.txt", "ab.txt"),
        ("txt\u202egpj.exe", "txtgpj.exe"),
        (".hidden", ".hidden"),
        ("Größe 1.png", "Größe 1.png"),
    ],
)
def test_only_a_safe_last_part_is_left(sent: str, shown: str) -> None:
    assert display_name(sent) == shown


def test_a_long_name_is_cut_but_keeps_its_ending() -> None:
    name = display_name("ü" * 400 + ".jpeg")
    assert len(name.encode()) <= 255
    assert name.endswith("ü.jpeg")


@given(st.text(max_size=600))
def test_every_name_becomes_a_plain_one(sent: str) -> None:
    name = display_name(sent)
    assert 1 <= len(name.encode()) <= 255
    assert not set(name) & set("/\\\0\r\n")
    assert name not in (".", "..")
