"""The README shows the very code that the tests run."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- start (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)
LANGUAGE = {".py": "python", ".toml": "toml", ".yaml": "yaml"}


def test_code_between_markers_is_the_file_that_tests_run() -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(blocks) == 2
    for name, shown in blocks:
        source = (ROOT / name).read_text("utf-8").rstrip("\n")
        assert shown == f"```{LANGUAGE[Path(name).suffix]}\n{source}\n```\n", name


def test_links_and_pictures_of_the_documents_exist() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "plugins").glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)}: {target}"
