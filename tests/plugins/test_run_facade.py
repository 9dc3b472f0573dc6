"""What hooks keep: JSON shared by a run, changed in transactions, and rows that belong to one plugin."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from crowdcore import Run
from crowdcore.plugins import RunPlugins
from crowdcore.store import open_database
from tests.plugins.conftest import Runs, Services, Task


@pytest.fixture
def services(task: Task, runs_of: Runs) -> Services:
    """A run."""
    return runs_of.services(task.load())


def test_shared_values_survive_a_restart(services: Services) -> None:
    Run(services, "hooks.py", None).shared.set("study", {"id": "é", "n": [1, None]})
    services.db.close()
    again = open_database(None, services.db.folder)
    shared = Run(Services(again, services.run_id, "t-1", services.config), "provider:mock", None).shared
    assert shared.get("study") == {"id": "é", "n": [1, None]}
    assert shared.get("nothing", 3) == 3
    assert shared.all() == {"study": {"id": "é", "n": [1, None]}}
    again.close()


def test_shared_changes_are_transactions(services: Services) -> None:
    run = Run(services, "hooks.py", None)

    def count() -> None:
        for _ in range(25):
            run.shared.update(lambda s: s.update(n=s.get("n", 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.shared.get("n") == 100

    def fails(shared: dict[str, Any]) -> None:
        shared.clear()
        raise KeyError

    with pytest.raises(KeyError):
        run.shared.update(fails)
    assert run.shared.get("n") == 100
    assert run.shared.update(lambda s: s.pop("n")) == 100


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_only_json_is_kept(services: Services, value: Any) -> None:
    run = Run(services, "hooks.py", None)
    for store in (run.shared.set, run.records("k").put, run.records("k").add):
        with pytest.raises((TypeError, ValueError)):
            store("key", value)
    assert run.shared.all() == {}
    assert run.records("k").keys() == []


def test_records_have_unique_keys(services: Services) -> None:
    records = Run(services, "provider:mock", None).records("payment")
    assert records.add("b", {"n": 1})
    assert not records.add("b", {"n": 2})
    records.put("a", 0)
    assert (records.get("b"), records.get("a"), records.get("c")) == ({"n": 1}, 0, None)
    records.put("b", {"n": 3})
    assert list(records.items()) == [("b", {"n": 3}), ("a", 0)]
    assert (records.delete("b"), records.delete("b"), records.keys()) == (True, False, ["a"])


def test_records_are_read_in_pages(services: Services) -> None:
    records = Run(services, "provider:mock", None).records("many")
    sql = "INSERT INTO record (run_id, plugin, kind, key, value) VALUES (:r, 'provider:mock', 'many', :k, :v)"
    rows = [{"r": services.run_id, "k": str(number), "v": str(number)} for number in range(1005)]
    services.db.write(lambda conn: conn.many(sql, rows))
    records.put("last", 0)
    assert [key for key, _ in records.items()] == [*map(str, range(1005)), "last"]


def test_no_plugin_and_no_run_sees_the_rows_of_another(task: Task, runs_of: Runs, services: Services) -> None:
    Run(services, "provider:mock", None).records("k").put("a", 1)
    assert Run(services, "blueprint:mock", None).records("k").get("a") is None
    assert Run(services, "provider:mock", None).records("other").get("a") is None
    assert Run(runs_of.services(task.load()), "provider:mock", None).records("k").get("a") is None


def test_a_run_tells_its_configuration(task: Task, services: Services) -> None:
    plugins = RunPlugins(services.config)
    run = plugins.facade(services, "blueprint:mock")
    assert (run.id, run.name, run.task_dir, run.args) == (services.run_id, "t-1", task.folder, {})
    assert run.options.num_assignments == 10
    assert run.config.provider.type == "mock"
    assert run.serve(None, port=4000) == 4000
    run.visit_returned("v1")
    assert services.returned == ["v1"]
    assert repr(run) == "<Run t-1 for blueprint:mock>"


def test_hooks_given_from_python_share_the_rows_of_the_task(task: Task, services: Services) -> None:
    task.write("hooks.py", "")
    plugins = RunPlugins(task.load(), hooks=[type("A", (), {}), type("B", (), {})])
    runs = [plugins.facade(services, name) for name in ("hooks.py", "hooks", "hooks 2")]
    runs[0].records("k").put("a", 1)
    assert [run.records("k").get("a") for run in runs] == [1, 1, 1]
    assert all(run.options is plugins.options("blueprint:mock") for run in runs)
