"""All problems at once, each one line with file, line and dotted key."""

from __future__ import annotations

from pathlib import Path

import pytest

FORM = "blueprint: {type: form, data_json: data.json}\n"

GOLDEN = {
    "whole number": (
        "task: {max_units_per_worker: three}",
        "task.yaml:2: task.max_units_per_worker: expected a whole number, got 'three'",
    ),
    "not a float": (
        "task: {max_open_units: 3.0}",
        "task.yaml:2: task.max_open_units: expected a whole number, got 3.0",
    ),
    "not a bool": (
        "task:\n  max_open_units: yes",
        "task.yaml:3: task.max_open_units: expected a whole number, got yes",
    ),
    "huge": (
        f"task: {{max_open_units: {'9' * 30}}}",
        f"task.yaml:2: task.max_open_units: expected a whole number of at most 64 bits, got {'9' * 30}",
    ),
    "negative money": ("task: {reward: -0.10}", "task.yaml:2: task.reward: expected at least 0, got -0.10"),
    "money": (
        "task: {reward: 30 cents}",
        "task.yaml:2: task.reward: expected an amount of money such as 0.30, got '30 cents'",
    ),
    "no money": (
        "task: {reward: .nan}",
        "task.yaml:2: task.reward: expected an amount of money such as 0.30, got '.nan'",
    ),
    "duration": (
        "task: {patience: soon}",
        "task.yaml:2: task.patience: expected a duration such as 90s, 30m, 2h, 7d or 1h30m, got 'soon'",
    ),
    "size": (
        "blueprint: {limit: big}",
        "command line: blueprint.limit: blueprint 'form' option 'limit': "
        "expected a size such as 500kB, 10MB or 1GiB, got 'big'",
    ),
    "misspelt key": ("task: {titel: Cats}", "task.yaml:2: task.titel: unknown, did you mean 'title'?"),
    "misspelt section": ("taks: {title: Cats}", "task.yaml:2: taks: unknown, did you mean 'task'?"),
    "unknown key": (
        "admin: {zebra: 1}",
        "task.yaml:2: admin.zebra: unknown, known here: host, port, public_url",
    ),
    "no value": ("admin: {host: }", "task.yaml:2: admin.host: expected text, got nothing"),
    "no section": ("gates: 3", "task.yaml:2: gates: expected a section of options, got 3"),
    "no mapping": ("args: [1]", "task.yaml:2: args: expected a section of options, got a list"),
    "list of sections": (
        "gates: {qualifications: {name: a}}",
        "task.yaml:2: gates.qualifications: expected a list, got a mapping",
    ),
    "item of a list": (
        "gates:\n  qualifications:\n    - {name: a}\n    - {comparator: '>='}",
        "task.yaml:5: gates.qualifications.1.name: is required (Name of the qualification)",
    ),
    "choice": (
        "pairing: {on_timeout: relase}",
        "task.yaml:2: pairing.on_timeout: "
        "expected one of launch_reduced, stand_in, release, requeue, wait, got 'relase'",
    ),
    "contradiction": (
        "gates: {gold: {qualification: g, every: 3, rate: 0.5}}",
        "task.yaml:2: gates.gold: give every or rate, not both",
    ),
    "comparator": (
        "gates: {qualifications: [{name: a, comparator: in, value: 3}]}",
        "task.yaml:2: gates.qualifications.0: comparator 'in' needs value: a list of whole numbers",
    ),
    "union": (
        "gates: {qualifications: [{name: a, comparator: ==, value: x}]}",
        "task.yaml:2: gates.qualifications.0.value: expected a whole number or a list, got 'x'",
    ),
    "range": ("admin: {port: 70000}", "task.yaml:2: admin.port: expected 1 to 65535, got 70000"),
    "long value": (
        f"task: {{patience: {'x' * 500}}}",
        f"task.yaml:2: task.patience: expected a duration such as 90s, 30m, 2h, 7d or 1h30m, got '{'x' * 56}…",
    ),
    "control characters": ('task: {"a\\nb": 1}', "task.yaml:2: task.'a\\nb': unknown, known here: name, title, "),
    "unset variable": (
        "task: {title: '${oc.env:NO_SUCH_NAME}'}",
        "task.yaml:2: task.title: the environment variable NO_SUCH_NAME is not set",
    ),
    "nowhere": (
        "task: {title: '${task.nowhere}'}",
        "task.yaml:2: task.title: cannot resolve '${task.nowhere}': Interpolation key 'task.nowhere' not found "
        "(write \\${ for the text itself)",
    ),
    "circle": (
        "task: {title: '${task.description}', description: '${task.title}'}",
        "task.yaml:2: task.title: cannot resolve '${task.description}': Recursive interpolation detected "
        "(write \\${ for the text itself)",
    ),
    "no interpolation": (
        "task: {title: 'only ${5 left'}",
        "task.yaml:2: task.title: 'only ${5 left' is no interpolation such as ${oc.env:NAME}; "
        "write \\${ for the text itself",
    ),
    "must be given": ("task: {title: '???'}", "task.yaml:2: task.title: has no value (???)"),
    "missing file": (
        "gates: {after_task: none.json}",
        "task.yaml:2: gates.after_task: no such file: {folder}/none.json",
    ),
    "missing hooks": ("hooks: mine.py", "task.yaml:2: hooks: no such file: {folder}/mine.py"),
    "no extension": (
        "extensions: [qualty]",
        "task.yaml:2: extensions.0: no extension named 'qualty'; did you mean 'quality'? Installed: quality",
    ),
    "stand-in without a bot": (
        "pairing: {on_timeout: stand_in}",
        "task.yaml:2: pairing: on_timeout: stand_in needs stand_in: {type: a bot's name}",
    ),
    "bot's option": (
        "pairing: {stand_in: {type: parrot, lines: hi, linse: ho}}",
        "task.yaml:2: pairing.stand_in.0.linse: bot 'parrot' option 'linse': unknown, did you mean 'lines'?",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_the_message_of_each_mistake(case, problems, folder):
    task, line = GOLDEN[case]
    words = ["blueprint.limit=big"] if case == "size" else []
    text = FORM + ("" if words else task + "\n")
    found = problems(text, *words)
    assert len(found) >= 1
    assert found[0].startswith(line.replace("{folder}", str(folder))), found


def test_every_problem_of_every_section_is_told_at_once_in_the_order_of_lines(problems):
    found = problems(
        """
        task:
          reward: much
          titel: Cats
        blueprint:
          type: form
          colour: pink
          colr: red
          retry: {times: -1}
          weights: {a: heavy}
          columns: [a, {b: c}]
          share: 2
        architect: {port: one}
        gates: {units_per_session: 0}
        args: {x: "${oc.env:NO_SUCH_NAME}"}
        """,
        "architekt=local",
        "admin.port=no",
    )
    assert found == [
        "task.yaml: blueprint.data_json: blueprint 'form' option 'data_json': is required (Items, a JSON list)",
        "task.yaml:3: task.reward: expected an amount of money such as 0.30, got 'much'",
        "task.yaml:4: task.titel: unknown, did you mean 'title'?",
        "task.yaml:7: blueprint.colour: blueprint 'form' option 'colour': expected one of red, green, blue, got 'pink'",
        "task.yaml:8: blueprint.colr: blueprint 'form' option 'colr': unknown, did you mean 'colour'?",
        "task.yaml:9: blueprint.retry.times: blueprint 'form' option 'retry.times': expected at least 0, got -1",
        "task.yaml:10: blueprint.weights.a: blueprint 'form' option 'weights.a': expected a number, got 'heavy'",
        "task.yaml:11: blueprint.columns.1: blueprint 'form' option 'columns.1': expected text, got a mapping",
        "task.yaml:12: blueprint.share: blueprint 'form' option 'share': expected 0 to 1, got 2",
        "task.yaml:13: architect.port: architect 'local' option 'port': expected a whole number, got 'one'",
        "task.yaml:14: gates.units_per_session: expected at least 1, got 0",
        "task.yaml:15: args.x: the environment variable NO_SUCH_NAME is not set",
        "command line: architekt: unknown, did you mean 'architect'?",
        "command line: admin.port: expected a whole number, got no",
    ]


def test_a_problem_of_a_lower_layer_names_its_file_and_line(problems):
    found = problems(
        FORM + "extends: base.yaml", profile="me", base="\n\ntask: {rewrd: 1}", profiles__me="\nadmin: {port: x}"
    )
    assert found == [
        "base.yaml:3: task.rewrd: unknown, did you mean 'reward'?",
        "profiles/me.yaml:2: admin.port: expected a whole number, got 'x'",
    ]


def test_from_python_the_same_errors_name_config(problems):
    found = problems({"blueprint": {"type": "form", "data_json": "none.json"}, "task": {"reward": object()}})
    assert found == ["config: task.reward: a value of type object cannot be stored"]
    found = problems(
        {"blueprint": {"type": "form", "data_json": "data.json"}, "task": {"reward": "x", "max_open_units": 1.5}}
    )
    assert found == [
        "config: task.reward: expected an amount of money such as 0.30, got 'x'",
        "config: task.max_open_units: expected a whole number, got 1.5",
    ]


def test_a_missing_blueprint_and_a_plugin_that_is_not_installed(problems):
    assert problems("task: {title: Cats}") == [
        "task.yaml: blueprint.type: the task names no blueprint and none is the default; "
        "write blueprint: {type: NAME} (installed: form, live)"
    ]
    assert problems(FORM + "provider: {type: mturk}") == [
        "task.yaml:2: provider.type: no provider named 'mturk'; perhaps `pip install crowd-mturk`. "
        "Installed: inhouse, market, panel, sandbox"
    ]


@pytest.mark.parametrize("word", ["architect.port", "=3", ".x=3", "a..b=3", ""])
def test_a_word_that_is_no_assignment(word, problems):
    assert problems(FORM, word) == [f"command line: {word!r}: expected KEY=VALUE, for example architect.port=3001"]


def test_files_outside_the_working_folder_are_named_in_full(problems, tmp_path: Path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert problems(FORM + "admin: {port: x}")[0].startswith(f"{tmp_path}/cats/task.yaml:2: admin.port: ")
