"""Whatever the text or the mapping, there is a configuration or a ConfigError, nothing else."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crowdcore import ConfigError, RunConfig, load_config

KEYS = st.sampled_from(
    [
        "task",
        "args",
        "blueprint",
        "provider",
        "architect",
        "gates",
        "pairing",
        "admin",
        "extensions",
        "hooks",
        "extends",
        "type",
        "name",
        "title",
        "reward",
        "tags",
        "patience",
        "budget",
        "data_json",
        "colour",
        "weights",
        "columns",
        "more",
        "retry",
        "qualifications",
        "gold",
        "screening",
        "allow_list",
        "value",
        "comparator",
        "stand_in",
        "on_timeout",
        "port",
        "host",
        "lines",
        "token",
        "<<",
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(
        ["form", "live", "panel", "${task.title}", "${oc.env:NOPE}", "${", "${x:1}", "${..a}", "???", "1h", "10MB",
         "~x/y", "/", "\0", "./a.py:B", "no.yaml", "task.yaml", "==", "${oc.dict.keys:task}", "${oc.create:${task}}",
         "${task}"]
    ),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
TREES = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=4), max_size=5)
QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def told(call):
    """Runs `call`; a ConfigError must have lines to read."""
    try:
        return call()
    except ConfigError as error:
        lines = error.problems
    assert lines
    assert all(line.strip() and "\n" not in line for line in lines)
    return None


@QUICK
@given(text=st.text(max_size=200) | st.text("abt:{}[]-&*#?|>!%@`'\"<, \n\t$.0", max_size=80))
def test_arbitrary_text(text, folder, catalogue):
    (folder / "task.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    told(lambda: load_config(folder / "task.yaml", catalogue=catalogue))


@QUICK
@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes(raw, folder, catalogue):
    (folder / "task.yaml").write_bytes(raw)
    told(lambda: load_config(folder / "task.yaml", catalogue=catalogue))


@QUICK
@given(tree=TREES)
def test_arbitrary_trees_as_yaml(tree, folder, catalogue):
    with suppress(ConfigError):
        (folder / "task.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), errors="surrogatepass")
        told(lambda: load_config(folder / "task.yaml", catalogue=catalogue))


@QUICK
@given(
    tree=TREES, base=TREES, words=st.lists(st.builds("{}={}".format, KEYS, SCALARS) | st.text(max_size=9), max_size=2)
)
def test_arbitrary_layers_from_python(tree, base, words, folder, catalogue):
    (folder / "base.json").write_text(json.dumps(base))
    tree = {"blueprint": "live", **tree, "extends": "base.json"}
    config = told(lambda: load_config(tree, words, catalogue=catalogue, task_dir=folder))
    if config is not None:
        again = told(lambda: RunConfig.from_stored(config.stored(), catalogue))
        assert again is not None
        assert again.stored() == config.stored()


@QUICK
@given(args=st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_whatever_can_be_loaded_can_be_stored_and_comes_back(args, folder, catalogue):
    config = told(lambda: load_config({"blueprint": "live", "args": args}, catalogue=catalogue, task_dir=folder))
    if config is not None:
        assert RunConfig.from_stored(config.stored(), catalogue) == config


@pytest.mark.parametrize("key", ["task.budget", "task.patience", "pairing.disclose", "pairing.on_timeout"])
@QUICK
@given(value=st.text(max_size=10))
def test_arbitrary_changes(key, value, folder, catalogue):
    config = load_config({"blueprint": "live"}, catalogue=catalogue, task_dir=folder)
    told(lambda: config.replace(key, value).stored())
