"""Of the task's folder only insertions are served, and nothing private among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError
from crowdcore.testing import serve


@pytest.mark.parametrize("insertions", [".", "own"])
def test_insertions_are_a_folder_of_their_own(tmp_path: Path, small_form: dict[str, Any], insertions: str) -> None:
    (tmp_path / "task_data.json").write_text(json.dumps([{"form": small_form}]))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "copy.json").write_text(json.dumps([{"form": small_form}]))
    blueprint = {"type": "form", "data_json": "task_data.json", "insertions": insertions}
    config = {"task": {"name": "t"}, "blueprint": blueprint, "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(json.dumps(config))
    with (
        pytest.raises(ConfigError, match="everybody could fetch "),
        serve(tmp_path / "task.yaml", data_dir=tmp_path / "data"),
    ):
        pass
