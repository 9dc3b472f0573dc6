"""Options of the form blueprint, as written under `blueprint:` in task.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FormOptions:
    """Where the forms come from: exactly one of data_json, data_jsonl and unit_config.

    With none of them, task_data.json, task_data.jsonl or unit_config.json beside task.yaml is used.
    """

    data_json: str | None = field(
        default=None,
        metadata={"path": True, "help": 'JSON file with a list of items {"form": {…}}, one per assignment'},
    )
    data_jsonl: str | None = field(
        default=None, metadata={"path": True, "help": "The same with one item a line: read as a stream, for many items"}
    )
    unit_config: str | None = field(
        default=None, metadata={"path": True, "help": "JSON file with one item whose texts hold {{tokens}}"}
    )
    token_sets: str | None = field(
        default=None,
        metadata={
            "path": True,
            "help": "JSON file with the token sets of unit_config (default: token_sets_values_config.json beside it)",
        },
    )
    separate_tokens: str | None = field(
        default=None,
        metadata={
            "path": True,
            "help": "JSON file {token: [values]} of which all combinations are made "
            "(default: separate_token_values_config.json beside unit_config)",
        },
    )
    insertions: str = field(
        default="insertions",
        metadata={"help": "Folder (from the task's folder) with *.html, custom_validators.js, custom_triggers.js"},
    )
    max_file_size: int = field(
        default=0,
        metadata={"help": "Bytes that an uploaded file may have where its field sets no maxFileSize; 0 = no limit"},
    )
