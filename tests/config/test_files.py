"""Files that are missing, broken or in a circle."""

from __future__ import annotations

import pytest

from crowdcore import ConfigError, load_config

FORM = "blueprint: {type: form, data_json: data.json}\n"

BROKEN = {
    "colon": (
        "task:\n  title: a: b\n",
        "task.yaml:2:11: not valid YAML: mapping values are not allowed in this context",
    ),
    "tab": ("task:\n\ttitle: a\n", "task.yaml:2:1: not valid YAML: indent with spaces, not with tabs"),
    "bracket": ("task: [1,\n", "task.yaml:2:1: not valid YAML: "),
    "twice": ("task: {title: a, title: b}\n", "task.yaml:1: the key 'title' stands twice in one section"),
    "list": ("- task\n", "task.yaml:1: expected sections such as task: and blueprint:"),
    "text": ("task\n", "task.yaml:1: expected sections such as task: and blueprint:"),
    "tag": (
        "task: !python/object:os.system {}\n",
        "task.yaml:1: the YAML tag !python/object:os.system is not supported",
    ),
    "two": ("task: {}\n---\ntask: {}\n", "task.yaml:2: a second document (---) in one file"),
    "anchor": ("task: *a\n", "task.yaml:1: *a has no anchor &a before it"),
    "circle": ("args: &a {x: *a}\n", "task.yaml:1: *a has no anchor &a before it"),
    "character": ("task: {}\n\x01", "task.yaml:2: not valid YAML: the character '\\x01' is not allowed"),
    "depth": ("args: " + "[" * 90 + "]" * 90, "task.yaml:1: nested deeper than 64 levels"),
    "abyss": ("args: " + "[" * 200_000, "task.yaml:1: nested deeper than 64 levels"),
    "key": ("? [a]\n: 1\n", "task.yaml:1: a key must be a word"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_no_yaml_is_told_with_its_line(case, problems):
    text, line = BROKEN[case]
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith(line)


def test_a_file_in_another_encoding(folder, catalogue):
    (folder / "task.yaml").write_bytes("task:\n  title: Kätzchen\n".encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_config(folder / "task.yaml", catalogue=catalogue)
    assert caught.value.problems == ["task.yaml:2: is not UTF-8 text, save the file in that encoding"]


def test_a_byte_order_mark_and_windows_lines_are_fine(folder, catalogue):
    (folder / "task.yaml").write_bytes(b"\xef\xbb\xbfblueprint: {type: live}\r\ntask:\r\n  title: a\r\n")
    assert load_config(folder, catalogue=catalogue).task.title == "a"


def test_aliases_of_aliases_are_not_expanded_without_end(problems):
    rows = "\n".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10) if n else 1}]" for n in range(9))
    assert problems(f"args:\n{rows}\n") == ["task.yaml: holds more than 100000 values"]


def test_broken_files_of_all_layers_are_told_at_once(problems):
    found = problems("task: [\nextends: base.yaml", profile="me", profiles__me="a: b: c", base="")
    assert [line.split(":")[0] for line in found] == ["task.yaml", "profiles/me.yaml"]


@pytest.mark.parametrize("name", ["task.yaml", "none.yaml", "folder"])
def test_a_task_that_does_not_exist(name, folder, catalogue):
    (folder / "folder").mkdir()
    with pytest.raises(ConfigError) as caught:
        load_config(name, catalogue=catalogue)
    reason = "this folder has no task.yaml" if name == "folder" else "no such file"
    assert caught.value.problems == [f"{name}: {reason}"]


def test_extends_in_a_circle_names_the_way_round(problems):
    found = problems("\nextends: a.yaml", a="extends: b.yaml", b="extends: a.yaml")
    assert found == ["b.yaml:1: extends: goes round in a circle: task.yaml → a.yaml → b.yaml → a.yaml"]
    assert problems("extends: task.yaml") == ["task.yaml:1: extends: goes round in a circle: task.yaml → task.yaml"]


def test_extends_needs_a_file_that_is_there(problems, folder):
    assert problems("extends: none.yaml") == [f"task.yaml:1: extends: no such file: {folder}/none.yaml"]
    assert problems('extends: "a\\0b"') == ["task.yaml:1: extends: expected a path"]
    assert problems(f"extends: {'x' * 300}")[0].startswith("task.yaml:1: extends: cannot be read: ")
    assert problems("extends: [a, b]") == ["task.yaml:1: extends: expected the path of one YAML file"]


def test_extends_cannot_be_given_on_the_command_line(problems):
    assert problems(FORM, "extends=base.yaml") == [
        "command line: extends: can only stand in a file; use --profile NAME to add settings"
    ]


def test_a_profile_that_is_not_there_names_the_places_and_the_others(problems, folder):
    assert problems(FORM, profile="me", profiles__you="") == [
        f"command line: --profile me: no me.yaml in {folder}/profiles and {folder.parent}/config/profiles; "
        "there are: you"
    ]


@pytest.mark.parametrize("name", ["../secrets", "a/b", "", ".x"])
def test_a_profile_is_a_plain_name(name, problems):
    assert problems(FORM, profile=name) == [
        f"command line: --profile {name!r}: expected a name of letters, digits, _ . -"
    ]
