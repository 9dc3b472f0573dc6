"""What is stored of a configuration, what comes back, and what may be changed while a run is open."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from crowdcore import ConfigError, RunConfig

TASK = """
blueprint: {type: form, data_json: data.json, weights: {a: 1}, pause: 5m}
provider: {type: market, max_price: 0.50, requester: lab}
task: {reward: 0.30, tags: [a], budget: 12.50}
args: {n: 1, deep: [{x: null}], text: 'costs \\${5} and \\\\ more'}
gates:
  qualifications: [{name: a, comparator: in, value: [1, 2]}]
  allow_list: [x]
  gold: {qualification: g, every: 3}
  screening: {qualification: s}
pairing: {timeout: 90s, stand_in: {type: parrot, lines: hi}}
extensions: [quality]
"""


def test_what_is_stored_gives_the_same_configuration_back(load, catalogue):
    config = load(TASK)
    again = RunConfig.from_stored(config.stored(), catalogue)
    assert again == config
    assert again.stored() == config.stored()
    assert (again.hash, len(again.hash)) == (config.hash, 16)
    assert again.args["text"] == r"costs ${5} and \\ more"


def test_what_is_stored_is_canonical_json_whatever_the_order_and_the_spelling(load):
    one = load("blueprint: {type: live}\ntask: {title: T, reward: 0.3, patience: 1h}")
    other = load("task: {patience: 60m, reward: '0.3', title: T}\nblueprint: live")
    assert one.stored() == other.stored()
    assert json.dumps(json.loads(one.stored()), sort_keys=True, separators=(",", ":")) == one.stored()
    assert one.hash != load("blueprint: live\ntask: {title: U, reward: 0.3, patience: 1h}").hash


def test_defaults_are_stored_too(load):
    stored = json.loads(load("blueprint: live").stored())["config"]
    assert stored["architect"] == {"type": "local", "port": 3000}
    assert stored["task"]["assignment_duration"] == 1800.0


def test_paths_of_a_file_in_another_folder_come_back(load, folder, catalogue, monkeypatch):
    (folder / "shared").mkdir()
    (folder / "shared" / "rows.json").write_text("[]")
    monkeypatch.setenv("ROWS", "rows.json")
    config = load("extends: shared/b.yaml", shared__b="blueprint: {type: form, data_json: '${oc.env:ROWS}'}")
    assert RunConfig.from_stored(config.stored(), catalogue).blueprint.options.data_json == folder / "shared/rows.json"


def test_files_that_are_gone_do_not_hinder_a_resume(load, folder, catalogue):
    stored = load(TASK).stored()
    (folder / "data.json").unlink()
    assert RunConfig.from_stored(stored, catalogue).blueprint.options.data_json == folder / "data.json"


def test_a_snapshot_of_hooks_can_be_given(load, folder, catalogue, tmp_path):
    text = "from dataclasses import dataclass\n@dataclass\nclass Args:\n    n: int = {}\n"
    (folder / "hooks.py").write_text(text.format(1))
    stored = load("blueprint: live").stored()
    (folder / "hooks.py").write_text("broken(")
    (tmp_path / "snapshot.py").write_text(text.format(1) + "    more: int = 7\n")
    config = RunConfig.from_stored(stored, catalogue, hooks=tmp_path / "snapshot.py")
    assert (config.args.n, config.args.more) == (1, 7)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "config": 3, "task_dir": 1}', "3"])
def test_text_that_is_no_stored_configuration(text, catalogue):
    with pytest.raises(ConfigError, match=r"stored configuration: cannot be read"):
        RunConfig.from_stored(text, catalogue)


def test_a_stored_configuration_of_a_newer_version(load, catalogue):
    text = load("blueprint: live").stored().replace('"format":1', '"format":2')
    with pytest.raises(ConfigError, match="format 2 is newer than this crowdcore; update crowdcore"):
        RunConfig.from_stored(text, catalogue)


def test_repr_shows_no_values(load):
    config = load(TASK)
    assert repr(config) == f"<RunConfig 'cats': form + market + local, {config.hash}>"


def test_a_change_gives_a_new_configuration_and_leaves_the_old_one(load, catalogue):
    config = load(TASK)
    changed = config.replace("task.budget", "20").replace("pairing.timeout", "5m").replace("task.max_open_units", "7")
    assert (changed.task.budget, changed.pairing.timeout, changed.task.max_open_units) == (Decimal(20), 300.0, 7)
    assert (config.task.budget, config.pairing.timeout) == (Decimal("12.50"), 90.0)
    assert changed.hash != config.hash
    assert RunConfig.from_stored(changed.stored(), catalogue) == changed
    assert config.from_changed(changed.stored()) == changed
    assert changed.from_changed(config.stored()) == config


def test_a_limit_can_be_taken_away(load):
    config = load(TASK)
    assert config.replace("task.budget", "null").task.budget is None
    assert config.replace("task.budget", "").task.budget is None


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("task.budget", "much", "command line: task.budget: expected an amount of money such as 0.30, got 'much'"),
        ("task.max_open_units", "-1", "command line: task.max_open_units: expected at least 0, got '-1'"),
        ("task.max_open_units", "", "command line: task.max_open_units: expected a whole number, got ''"),
        ("task.bugdet", "1", "task.bugdet: unknown, did you mean 'task.budget'?"),
        ("task.title", "x", "task.title: cannot be changed while a run is open; what can: task.max_units_per_worker, "),
        ("blueprint.pause", "1", "blueprint.pause: cannot be changed while a run is open; what can: "),
        ("gates.onboarding.attempts", "1", "gates.onboarding.attempts: cannot be changed while a run is open; "),
    ],
)
def test_a_change_that_is_refused(key, value, problem, load):
    with pytest.raises(ConfigError) as caught:
        load(TASK).replace(key, value)
    assert caught.value.problems[0].startswith(problem)


def test_a_change_must_fit_the_rest_of_its_section(load):
    with pytest.raises(ConfigError, match="stand_in needs stand_in"):
        load("blueprint: live").replace("pairing.on_timeout", "stand_in")
    assert load(TASK).replace("pairing.on_timeout", "stand_in").pairing.on_timeout == "stand_in"


def test_what_can_be_changed(load):
    assert load(TASK).changeable() == [
        "task.max_units_per_worker",
        "task.max_open_units",
        "task.max_open_units_per_worker",
        "task.lifetime",
        "task.patience",
        "task.budget",
        "gates.max_units_per_worker_per_run",
        "gates.max_units_per_worker_per_day",
        "gates.max_open_units_per_address",
        "gates.max_new_workers_per_address",
        "gates.screening.max_screening_units",
        "gates.gold.max_gold_units",
        "pairing.timeout",
        "pairing.on_timeout",
        "pairing.on_partner_left",
        "pairing.disconnect_grace",
        "pairing.waiting_pay",
        "pairing.max_duration",
        "pairing.max_conversations",
        "pairing.on_crash",
        "pairing.disclose",
        "pairing.disclosure",
    ]
