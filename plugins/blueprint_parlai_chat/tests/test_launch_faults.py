"""What cannot work is said before anything is launched, a line for each fault."""

from __future__ import annotations

import pytest

GOOD = "def make_world(opt, agents):\n    pass\n"
COUNT = GOOD + "def get_world_params():\n    return %s\n"


def test_the_world_file_is_looked_at_before_anybody_comes(chats) -> None:
    chats.write("worlds.py", "import random\n")
    assert chats.faults() == [
        "worlds.py: has no make_world(opt, agents); write def make_world(opt, agents)",
        "worlds.py: has no get_world_params(); write def get_world_params()",
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def broken(:\n", "worlds.py:1: invalid syntax: def broken(:"),
        ("x = 1\nraise ValueError('no')\n", "worlds.py:2: ValueError: no"),
        ("import nothing_like_it\n", "worlds.py:1: ModuleNotFoundError: No module named 'nothing_like_it'"),
        (COUNT % "1 / 0", "worlds.py:4: get_world_params: ZeroDivisionError: division by zero"),
        (COUNT % "2", 'worlds.py: get_world_params() must give {"agent_count": N}, N from 1, not 2'),
        (
            "from parlai.core.worlds import World\n",
            "worlds.py:1: ModuleNotFoundError: No module named 'parlai'; this world needs ParlAI: pip install "
            "--no-deps parlai==1.7.2, then pip install requests tqdm iopath torch 'setuptools<81' Pillow pyyaml",
        ),
        (
            "from mephisto.data_model.exceptions import AgentTimeoutError\n",
            "worlds.py:1: ModuleNotFoundError: No module named 'mephisto'; the errors and base classes are in "
            "blueprint_parlai_chat.worlds: import them from there",
        ),
    ],
)  # fmt: skip
def test_a_world_file_that_cannot_be_used_is_one_line(chats, source: str, told: str) -> None:
    chats.write("worlds.py", source)
    assert chats.faults() == [told]


def test_the_task_and_the_world_must_agree_how_many_people_talk(chats) -> None:
    chats.world(GOOD, people=3)
    assert chats.faults(blueprint={"units_per_assignment": 2}) == [
        "blueprint.units_per_assignment: 2, but get_world_params() of worlds.py says agent_count 3; make them agree"
    ]


def test_a_number_that_the_world_computes_must_be_written_into_the_task(chats) -> None:
    chats.write("worlds.py", GOOD + "def get_world_params():\n    return {'agent_count': 1 + 2}\n")
    assert "says agent_count 3" in chats.faults()[0]
    assert chats.launch(blueprint={"units_per_assignment": 3}).config.blueprint.units_per_assignment == 3


def test_rows_come_from_one_place(chats) -> None:
    chats.world(GOOD)
    chats.write("rows.csv", "topic\nrain\n")
    assert chats.faults(blueprint={"context_csv": "rows.csv", "num_conversations": 2}) == [
        "task.yaml:1: blueprint: give one of num_conversations, context_csv, not more"
    ]
    told = (
        "blueprint 'parlai_chat': no task data; give num_conversations, context_csv or context_jsonl, or yield rows "
        "from blueprint_task_data in hooks.py"
    )
    chats.write("task.yaml", "blueprint: {type: parlai_chat, world_file: worlds.py}\nprovider: {type: mock}\n")
    from crowdcore import ConfigError, launch

    with pytest.raises(ConfigError) as refusal:
        launch(chats.path / "task.yaml", data_dir=chats.path / "data", overrides=["architect.port=0"])
    assert str(refusal.value) == told


def test_a_bad_row_is_told_with_its_line(chats) -> None:
    chats.world(GOOD)
    chats.write("rows.jsonl", '{"a": 1}\n[1]\n')
    assert chats.faults(blueprint={"context_jsonl": "rows.jsonl"}) == [
        "rows.jsonl:2: must be an object {column: value}, not a list"
    ]


def test_files_must_be_what_they_are_named_as(chats) -> None:
    chats.world(GOOD)
    chats.write("final.json", '{"questions": [{"name": "x", "label": "X", "type": "slider"}]}')
    [told] = chats.faults(blueprint={"final_form": "final.json"})
    assert told.startswith("blueprint.final_form: final.json: questions[0]: type must be one of")
    chats.write("web/page.html", "")
    assert chats.faults(blueprint={"custom_source_dir": "web"}) == [
        "blueprint.custom_source_dir: web has no index.html"
    ]
    chats.write("extra/index.html", "")
    assert chats.faults(blueprint={"extra_source_dir": "extra"}) == [
        "blueprint.extra_source_dir: extra/index.html: the page itself has this name"
    ]


def test_an_onboarding_needs_a_world(chats) -> None:
    chats.world(GOOD)
    [told] = chats.faults(gates={"onboarding": {"qualification": "passed"}})
    assert told == (
        "gates.onboarding: worlds.py has no make_onboarding_world(opt, agent); write one, or leave gates.onboarding out"
    )


@pytest.mark.parametrize("option", ["custom_source_dir", "extra_source_dir"])
def test_the_folder_of_the_task_is_not_served(chats, option: str) -> None:
    chats.world(GOOD)
    (fault,) = chats.faults(blueprint={option: "."})
    assert fault.endswith(": the data directory lies in this folder; name one that holds only what is needed")
    chats.write("web/index.html" if option == "custom_source_dir" else "web/other.html", "<!doctype html>")
    chats.write("web/hooks.py", "")
    assert chats.faults(blueprint={option: "web"}) == [
        f"blueprint.{option}: everybody could fetch web/hooks.py; give pages, and the files that they need, "
        "a folder of their own"
    ]


def test_a_world_is_not_served_beside_the_page(chats) -> None:
    chats.world(GOOD)
    chats.write("extra/copy.txt", (chats.path / "worlds.py").read_text())
    (fault,) = chats.faults(blueprint={"extra_source_dir": "extra"})
    assert fault == (
        "blueprint 'parlai_chat': everybody could fetch worlds.py as /task/copy.txt; "
        "keep it out of the folder of the page"
    )
