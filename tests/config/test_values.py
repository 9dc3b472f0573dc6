"""What the written values become."""

from __future__ import annotations

from decimal import Decimal

import pytest

FORM = "blueprint: {type: form, data_json: data.json}\n"


@pytest.mark.parametrize(
    ("written", "amount"),
    [("0.3", "0.3"), ("0.30", "0.30"), ("1_000.50", "1000.50"), ("3", "3"), ("'0.1'", "0.1"), ("1e2", "100")],
)
def test_money_is_read_from_its_text(written, amount, load):
    reward = load(f"{FORM}task: {{reward: {written}}}").task.reward
    assert (reward, str(reward)) == (Decimal(amount), amount)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("7d", 604800),
        ("1h30m", 5400),
        ("45", 45),
        ("0.5", 0.5),
        ("250ms", 0.25),
    ],
)
def test_durations_have_units_and_a_bare_number_is_seconds(written, seconds, load):
    assert load(f"{FORM}task: {{patience: {written}}}").task.patience == seconds


def test_options_of_every_type(load, folder):
    options = load(
        "blueprint:\n  type: form\n  data_json: data.json\n  colour: blue\n  limit: 2MiB\n  pause: 1m\n"
        "  columns: [a, 007, yes]\n  weights: {a: 1, b: .5}\n  strict: on\n  share: 0.25\n"
        "  retry: {times: 9}\n  more: [data.json]\n"
    ).blueprint.options
    assert options.data_json == folder / "data.json"
    assert (options.colour, options.limit, options.pause) == ("blue", 2 * 2**20, 60.0)
    assert (options.columns, options.weights) == (["a", "007", "yes"], {"a": 1.0, "b": 0.5})
    assert (options.strict, options.share) == (True, 0.25)
    assert (options.retry.times, options.retry.pause) == (9, 1.5)
    assert options.more == [folder / "data.json"]


def test_screening_and_lists_take_a_file_or_a_value(load, folder):
    task = FORM + "gates: {screening: {qualification: s, data: %s}, allow_list: %s}"
    config = load(task % ("false", "data.json"))
    assert (config.gates.screening.data, config.gates.allow_list) == (False, folder / "data.json")
    config = load(task % ("data.json", "[a, 7]"))
    assert (config.gates.screening.data, config.gates.allow_list) == (folder / "data.json", ["a", "7"])


def test_one_stand_in_needs_no_list(load):
    one = load(FORM + "pairing: {on_timeout: stand_in, stand_in: {type: parrot, lines: hello}}")
    assert [(bot.type, bot.options.lines) for bot in one.pairing.stand_in] == [("parrot", "hello")]
    two = load(FORM + "pairing: {stand_in: [{type: parrot, lines: a}, {type: parrot, lines: b}]}")
    assert [bot.options.lines for bot in two.pairing.stand_in] == ["a", "b"]


HOOKS = """
from dataclasses import dataclass
from pathlib import Path

@dataclass
class Args:
    depth: int = 3
    page: Path | None = None
"""


def test_args_are_the_dataclass_of_hooks_py(load, problems, folder):
    assert load(FORM + "args: {anything: [1, {x: null}]}").args == {"anything": [1, {"x": None}]}
    (folder / "hooks.py").write_text(HOOKS)
    config = load(FORM + "args: {page: data.json}")
    assert (config.hooks, config.args.depth, config.args.page) == (folder / "hooks.py", 3, folder / "data.json")
    assert problems(FORM + "args: {dept: 3}") == ["task.yaml:2: args.dept: unknown, did you mean 'depth'?"]
    assert load(FORM + "hooks: null\nargs: {dept: 3}").args == {"dept": 3}
    assert load(FORM + "args: {dept: 3}", "hooks=").hooks is None


def test_a_broken_hooks_file_is_a_problem_among_the_others(problems, folder):
    (folder / "hooks.py").write_text("def f(:\n")
    found = problems(FORM + "task: {reward: x}")
    assert found[0].startswith("task.yaml:2: task.reward")
    assert found[1].startswith("hooks.py:1: ")


def test_the_error_of_a_dataclass_about_its_own_values_is_told(problems, folder):
    (folder / "hooks.py").write_text(
        HOOKS + "    def __post_init__(self):\n        raise ValueError('not\\nlike this')\n"
    )
    assert problems(FORM + "args: {depth: 4}") == ["task.yaml:2: args: not like this"]


def test_yaml_anchors_and_merge_keys(load):
    config = load(FORM + "args:\n  base: &b {x: 1, y: 2}\n  more: {<<: *b, y: 3}\n  again: *b\n")
    assert config.args == {"base": {"x": 1, "y": 2}, "more": {"x": 1, "y": 3}, "again": {"x": 1, "y": 2}}
