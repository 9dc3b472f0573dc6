"""Code in Markdown that is a copy of a file: `python tests/authors/included.py` renews it, a test compares it.

<!-- start tests/authors/task/hooks.py -->
```python
…the file…
```
<!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/plugins.md")
_BLOCK = re.compile(r"<!-- start (?P<path>\S+) -->\n```(?P<language>\w+)\n(?P<code>.*?)```\n<!-- end -->", re.DOTALL)


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """The path and the code of each copy in a page."""
    for block in _BLOCK.finditer((ROOT / page).read_text("utf-8")):
        yield block["path"], block["code"]


def renewed(page: str) -> str:
    """The page's text with every copy as its file is now."""

    def copy(block: re.Match[str]) -> str:
        code = (ROOT / block["path"]).read_text("utf-8")
        return f"<!-- start {block['path']} -->\n```{block['language']}\n{code}```\n<!-- end -->"

    return _BLOCK.sub(copy, (ROOT / page).read_text("utf-8"))


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / name).write_text(renewed(name), "utf-8")
