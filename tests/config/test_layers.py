"""Which layer wins, how sections and lists merge, and what happens when a layer changes a plugin."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

FORM = "blueprint: {type: form, data_json: data.json}\n"
LAYERS = ["extends", "profile", "task", "words"]


@pytest.mark.parametrize(("lower", "upper"), list(itertools.combinations(range(4), 2)))
def test_each_layer_wins_over_those_before_it(lower, upper, load):
    port = {name: f"architect: {{port: {4000 + at}}}" for at, name in enumerate(LAYERS) if at in (lower, upper)}
    config = load(
        f"{FORM}extends: base.yaml\n{port.get('task', '')}",
        *(["architect.port=4003"] if "words" in port else []),
        profile="me",
        base=port.get("extends", ""),
        profiles__me=port.get("profile", ""),
    )
    assert config.architect.options.port == 4000 + upper


def test_without_a_layer_the_defaults_of_plugins_and_core_count(load):
    config = load(FORM)
    assert (config.architect.options.port, config.task.assignment_duration) == (3000, 1800.0)
    assert (config.task.lifetime, config.task.patience) == (31 * 86400, 12 * 3600)
    assert (config.task.reward, config.task.max_open_units_per_worker) == (0, 1)
    assert (config.blueprint.units_per_assignment, config.blueprint.launch_ahead) == (1, 200_000)
    assert (config.pairing.timeout, config.pairing.on_timeout) == (120.0, "release")
    assert config.pairing.on_partner_left == "end_and_pay"
    assert (config.admin.host, config.admin.port, config.gates.units_per_session) == ("127.0.0.1", None, 1)
    assert (config.provider.type, config.architect.type) == ("inhouse", "local")


def test_a_plugin_may_set_its_own_default_for_a_common_option(load, problems):
    assert load("blueprint: {type: live}").blueprint.units_per_assignment == 2
    assert load("blueprint: {type: live, units_per_assignment: 3}").blueprint.options.units_per_assignment == 3
    assert problems("blueprint: {type: live, units_per_assignment: 1}") == [
        "task.yaml:1: blueprint.units_per_assignment: blueprint 'live' option 'units_per_assignment': "
        "expected at least 2, got 1"
    ]


def test_the_task_is_named_after_its_folder_unless_it_has_a_name(load):
    assert load(FORM).task.name == "cats"
    assert load(FORM + "task: {name: dogs}").task.name == "dogs"


def test_sections_merge_and_lists_are_replaced(load):
    config = load(
        FORM + "extends: base.yaml\ntask: {tags: [c]}\nargs: {a: {x: 2}}",
        base="task: {tags: [a, b], title: T}\nargs: {a: {x: 1, y: 1}, b: [1]}",
    )
    assert (config.task.tags, config.task.title) == (["c"], "T")
    assert config.args == {"a": {"x": 2, "y": 1}, "b": [1]}


def test_a_list_and_a_section_of_one_name_replace_each_other(load):
    assert load(FORM + "args: {a: [1]}", "args.a.x=1").args == {"a": {"x": 1}}
    assert load(FORM + "args: {a: {x: 1}}", "args.a=[1, two]").args == {"a": [1, "two"]}


def test_an_empty_section_leaves_the_lower_layers_alone(load):
    assert load(FORM + "extends: base.yaml\ntask:\ngates:", base="task: {title: T}").task.title == "T"


def test_extends_goes_over_several_files_each_relative_to_its_own_folder(load, folder):
    (folder / "shared").mkdir()
    (folder / "shared" / "rows.json").write_text("[]")
    config = load(
        "extends: shared/one.yaml\ntask: {title: top}",
        shared__one="extends: two.yaml\nblueprint: {type: form}\ntask: {title: one, description: one}",
        shared__two="blueprint: {data_json: rows.json}\ntask: {title: two, description: two, reward: 2}",
    )
    assert (config.task.title, config.task.description, config.task.reward) == ("top", "one", Decimal(2))
    assert config.blueprint.options.data_json == folder / "shared" / "rows.json"


def test_a_profile_beside_the_task_comes_before_one_in_the_configuration_directory(load, folder):
    config_dir = folder.parent / "config" / "profiles"
    config_dir.mkdir(parents=True)
    (config_dir / "me.yaml").write_text("admin: {port: 5001}")
    assert load(FORM, profile="me").admin.port == 5001
    assert load(FORM, profile="me", profiles__me="admin: {port: 5002}").admin.port == 5002


def test_a_profile_may_extend_another_file(load):
    config = load(
        FORM,
        profile="me",
        profiles__me="extends: all.yaml\nadmin: {port: 5001}",
        profiles__all="admin: {port: 5000, host: 127.0.0.2}",
    )
    assert (config.admin.port, config.admin.host) == (5001, "127.0.0.2")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("task.title=Cats: and #dogs", "Cats: and #dogs"),
        ("task.title=007", "007"),
        ("task.title=no", "no"),
        ("task.title=1.10", "1.10"),
        ("task.title='quoted'", "quoted"),
        ('task.title="Big" cats', '"Big" cats'),
        ("task.title=", ""),
        ("task.title= a = b ", " a = b "),
        ("task.title=\\${x}", "${x}"),
    ],
)
def test_text_on_the_command_line_means_what_it_says(word, expected, load):
    assert load(FORM, word).task.title == expected


def test_lists_and_sections_can_be_given_on_the_command_line(load):
    config = load(FORM, "task.tags=a, b", "blueprint.columns=[x, 'y z']", "args={n: 1}", "gates.allow_list=[7, x]")
    assert (config.task.tags, config.blueprint.options.columns) == (["a", "b"], ["x", "y z"])
    assert (config.args, config.gates.allow_list) == ({"n": 1}, ["7", "x"])


def test_later_words_win_over_earlier_ones(load):
    assert load(FORM, "architect.port=1", "architect.port=2").architect.options.port == 2


def test_task_dir_and_the_environment_can_be_written_into_values(load, folder, monkeypatch):
    monkeypatch.setenv("PORT", "8080")
    config = load(
        "blueprint: {type: form, data_json: '${task_dir}/data.json'}\n"
        "architect: {port: '${oc.env:PORT}'}\nadmin: {host: '${oc.env:NO_SUCH_NAME,localhost}'}\n"
        "task: {title: '${task.name} at ${architect.port}', name: cats}"
    )
    assert config.blueprint.options.data_json == folder / "data.json"
    assert (config.architect.options.port, config.admin.host) == (8080, "localhost")
    assert config.task.title == "cats at 8080"


def test_interpolations_may_name_values_that_are_defaults(load):
    config = load(FORM + "task: {title: '${task.name}: ${architect.port}, ${task.patience}, ${blueprint.limit}'}")
    assert config.task.title == "cats: 3000, 12h, 10000000"
    config = load(FORM + "task: {patience: '${task.lifetime}', max_open_units: '${blueprint.launch_ahead}'}")
    assert (config.task.patience, config.task.max_open_units) == (31 * 86400, 200_000)


@pytest.mark.parametrize("kind", ["blueprint", "provider", "architect"])
def test_a_plugin_may_be_named_alone(kind, load):
    names = {"blueprint": "live", "provider": "market", "architect": "local"}
    task = "\n".join(f"{other}: {name}" for other, name in names.items())
    assert getattr(load(task), kind).type == names[kind]
    assert getattr(load("blueprint: form", "blueprint=live", f"{kind}={names[kind]}"), kind).type == names[kind]


def test_options_of_a_plugin_that_a_higher_layer_replaced_are_dropped(load):
    task = FORM + "provider: {type: market, max_price: 3, requester: lab}"
    assert load(task).provider.options.max_price == 3
    config = load(task, "provider=inhouse")
    assert (config.provider.type, config.provider.requester) == ("inhouse", "lab")


def test_options_that_both_plugins_inherit_from_one_class_are_kept(load):
    task = FORM + "provider: {type: market, max_price: 3, country: AT}"
    config = load(task, "provider=sandbox")
    assert (config.provider.options.max_price, config.provider.options.country) == (3, "AT")


def test_an_option_of_the_same_name_and_another_meaning_is_dropped(load, monkeypatch):
    monkeypatch.setenv("TOKEN", "t")
    task = FORM + "provider: {type: market, country: AT}"
    config = load(task, "provider=panel", "provider.token=${oc.env:TOKEN}")
    assert config.provider.options.country is None


def test_a_profile_for_another_provider_does_not_disturb(load):
    config = load(
        FORM + "provider: {type: market, max_price: 2}", profile="me", profiles__me="provider: {type: nobody, zest: 1}"
    )
    assert config.provider.options.max_price == 2


def test_options_without_a_type_belong_to_the_plugin_chosen_below_or_by_default(load, problems):
    assert (
        load(FORM + "architect: {port: 5000}", profile="me", profiles__me="architect: local").architect.type == "local"
    )
    task = "blueprint: {type: live}\nprovider: {max_price: 3}"
    assert load(task, profile="me", profiles__me="provider: market").provider.options.max_price == 3
    assert load(task, "provider=sandbox", profile="me", profiles__me="provider: market").provider.type == "sandbox"
    assert problems(task)[0].startswith(
        "task.yaml:2: provider.max_price: provider 'inhouse' option 'max_price': unknown"
    )


def test_the_currency_is_the_providers(load, monkeypatch):
    monkeypatch.setenv("TOKEN", "t")
    assert load(FORM).currency == "USD"
    assert load(FORM, "provider=market").currency == "EUR"
    assert load(FORM, "provider=panel", "provider.token=${oc.env:TOKEN}").currency == "GBP"


def test_an_unpackaged_plugin_lies_beside_the_file_that_names_it(load, folder):
    (folder / "mine.py").write_text("class Mine:\n    pass\n")
    assert load("blueprint: {type: './mine.py:Mine'}").blueprint.type == "./mine.py:Mine"
    (folder / "shared").mkdir()
    (folder / "mine.py").rename(folder / "shared" / "mine.py")
    config = load("extends: shared/base.yaml", shared__base="blueprint: {type: './mine.py:Mine'}")
    assert config.blueprint.type == f"{folder}/shared/mine.py:Mine"


def test_a_mapping_from_python_is_read_like_the_file(load, folder):
    from_file = load(FORM + "task: {reward: 0.3, tags: [a]}\nargs: {n: 1}")
    data = {
        "blueprint": {"type": "form", "data_json": folder / "data.json"},
        "task": {"reward": Decimal("0.3"), "tags": ("a",)},
    }
    from_python = load({**data, "args": {"n": 1}})
    assert from_python == from_file
    assert from_python.hash == from_file.hash
