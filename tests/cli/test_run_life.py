"""The life of a run as the command line shows it: two processes, signals, `stop`, `set`, `runs`, `status`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from crowdcore.testing import Browserless
from crowdcore.testing.patience import PATIENCE
from crowdcore.testing.process import Machine, Served
from crowdcore.testing.server import until
from tests import web
from tests.cli.conftest import Task

Worker = Callable[[str, str], Browserless]
RUN = ("run", "task.yaml", "--no-open")


def status_of(machine: Machine, run: str = "demo-1") -> dict[str, Any]:
    done = machine.crowd("status", run, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def launched(served: Served) -> int:
    """Free units, as the running server counts them."""
    metrics = web.get(f"{served.url}metrics").text
    found = re.search(r'^crowd_units\{.*status="launched"\} (\d+)', metrics, re.MULTILINE)
    return int(found[1]) if found else 0


def test_a_second_process_on_a_served_run_is_told_who_serves_it_and_exits_2(task: Task, worker: Worker) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        second = machine.crowd("resume", "demo-1", "--no-open")
        assert second.returncode == 2
        assert f"run demo-1 is served by process {served.process.pid} already" in second.stderr
        assert "crowd stop demo-1" in second.stderr
        assert worker(served.url, "x").submit({"text": "still served"}).status_code == 200


def test_of_several_that_resume_a_run_at_once_one_serves_it_and_the_others_exit_2(task: Task) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        served.kill()
    resuming = [
        subprocess.Popen(
            [str(machine.python), "-c", "from crowdcore.cli import main; main()", "resume", "--no-open"],
            cwd=machine.folder, env=machine.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    try:
        until(lambda: sum(p.poll() == 2 for p in resuming) == 2)
        (one,) = [p for p in resuming if p.poll() is None]
        until(lambda: status_of(machine)["status"] == "running")
    finally:
        for process in resuming:
            process.kill()
    for process in resuming:
        said, complaint = process.communicate()
        assert process is one or (f"served by process {one.pid} already" in complaint and "serving" not in said)


def test_tasks_launched_at_once_become_runs_of_different_names(task: Task) -> None:
    machine = task()
    with ThreadPoolExecutor(3) as threads:
        for done in threads.map(lambda _: _launch_and_leave(machine), range(3)):
            assert done == 0
    rows = json.loads(machine.crowd("runs", "--json").stdout)
    assert sorted(row["run"] for row in rows) == ["demo-1", "demo-2", "demo-3"]
    assert {row["status"] for row in rows} == {"finished"}


def _launch_and_leave(machine: Machine) -> int:
    with machine.serve(*RUN) as served:
        assert machine.crowd("stop", served.run).returncode == 0
        return served.wait()


def test_a_taken_port_is_named_with_its_option_and_a_free_one(task: Task) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        port = httpx.URL(served.url).port
        second = machine.crowd(*RUN, f"architect.port={port}")
        assert second.returncode == 2
        assert re.search(rf"port {port} is taken; (\d+) is free: architect.port=\1", second.stderr)
    assert [row["run"] for row in json.loads(machine.crowd("runs", "--json").stdout)] == ["demo-1"]  # no second


def test_sigterm_leaves_at_once_and_the_run_goes_on_where_it_was(task: Task, worker: Worker) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        person = worker(served.url, "x")
        served.process.send_signal(signal.SIGTERM)
        assert served.wait() == 130
        assert "demo-1 stopped: 9 units open, 1 in somebody's hands, 0 completed." in served.stdout
        assert "go on with: crowd resume demo-1" in served.stdout
    assert status_of(machine)["status"] == "stopped"
    with machine.serve("resume", "--no-open") as served:
        again = worker(served.url, "x")
        assert again.document["agent"] == person.document["agent"]
        assert again.submit({"text": "done"}).status_code == 200


def test_sigterm_while_a_launch_is_being_built_leaves_it_resumable(task: Task) -> None:
    machine = task(hooks=SLOW_BUILD)
    process = subprocess.Popen(
        [str(machine.python), "-c", "from crowdcore.cli import main; main()", *RUN],
        cwd=machine.folder, env=machine.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: (machine.folder / "building").exists())
    process.send_signal(signal.SIGTERM)
    said, complaint = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, complaint.strip()) == (130, "", "interrupted")
    (machine.folder / "go").touch()
    with machine.serve("resume", "--no-open") as served:
        until(lambda: launched(served) == 10)


SLOW_BUILD = """
import time

from crowdcore import hookimpl


@hookimpl
def blueprint_build(run, build_dir, inner):
    (run.task_dir / "building").touch()
    while not (run.task_dir / "go").exists():
        time.sleep(0.01)
    inner()
"""


def test_one_ctrl_c_lets_people_in_the_middle_finish_and_ends_the_run(task: Task, worker: Worker) -> None:
    machine = task(assignment_duration="30m")
    with machine.serve(*RUN) as served:
        person = worker(served.url, "x")
        until(lambda: launched(served) == 9)
        served.interrupt()
        said = served.expect(r"no new work is handed out; 1 person in the middle may finish, .* at most (.*)\. Ctrl-C")
        assert re.fullmatch(r"30m|2\dm(\d+s)?", said[1])
        assert worker(served.url, "y").code == "run_over"
        assert person.submit({"text": "in time"}).status_code == 200
        assert served.wait() == 0
        assert "demo-1 ended: ended on demand." in served.stdout
        assert "1 unit completed, 9 expired" in served.stdout
    found = status_of(machine)
    assert (found["status"], found["units"]) == ("finished", {"completed": 1, "expired": 9})
    assert [row["data"] for row in machine.exported("demo")] == [{"text": "in time"}]


def test_a_second_ctrl_c_leaves_now_and_nothing_is_lost(task: Task, worker: Worker) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        person = worker(served.url, "x")
        served.interrupt()
        served.expect("may finish")
        served.interrupt()
        assert served.wait() == 130
        assert "go on with: crowd resume demo-1" in served.stdout
    with machine.serve("resume", "demo-1", "--no-open") as served:
        until(lambda: launched(served) == 9)
        assert worker(served.url, "x").document["agent"] == person.document["agent"]
        assert worker(served.url, "y").document["phase"] == "work"


def test_stop_drains_a_served_run(task: Task, worker: Worker) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        person = worker(served.url, "x")
        done = machine.crowd("stop", "demo-1")
        assert (done.returncode, done.stdout) == (0, "demo-1 takes no new work; 1 person in the middle may finish\n")
        until(lambda: status_of(machine)["status"] == "draining")
        assert worker(served.url, "y").code == "run_over"
        assert person.submit({"text": "x"}).status_code == 200
        assert served.wait() == 0
    assert status_of(machine)["units"] == {"completed": 1, "expired": 9}


def test_a_drain_that_was_asked_for_goes_on_after_kill_minus_nine(task: Task, worker: Worker) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        person = worker(served.url, "x")
        machine.crowd("stop", "demo-1")
        served.kill()
    with machine.serve("resume", "--no-open") as served:
        until(lambda: status_of(machine)["status"] == "draining")
        assert worker(served.url, "y").code == "run_over"
        assert worker(served.url, "x").document["agent"] == person.document["agent"]
        until(lambda: launched(served) == 9)  # free until the person in the middle is done


def test_stop_now_leaves_a_served_run_resumable(task: Task) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        assert "go on with: crowd resume demo-1" in machine.crowd("stop", "--now", "demo-1").stdout
        assert served.wait() == 0
    assert status_of(machine)["status"] == "stopped"
    with machine.serve("resume", "--no-open") as served:
        until(lambda: launched(served) == 10)


def test_stop_ends_a_run_that_nobody_serves_and_its_listeners_hear_the_rest(task: Task, worker: Worker) -> None:
    machine = task(hooks=NOTES)
    with machine.serve(*RUN) as served:
        worker(served.url, "x").submit({"text": "x"})
        worker(served.url, "y")
        served.kill()
    now = machine.crowd("stop", "demo-1", "--now")
    assert now.returncode == 2
    assert "not served by any process" in now.stderr
    done = machine.crowd("stop", "demo-1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "demo-1 is ended; 9 open units expired\n", "")
    assert status_of(machine)["units"] == {"completed": 1, "expired": 9}
    assert status_of(machine)["agents"] == {"completed": 1, "ended": 1}
    notes = (machine.folder / "notes.txt").read_text().splitlines()
    assert list(dict.fromkeys(notes)) == ["submitted by x", "ended: expired", "finished"]
    again = machine.crowd("stop", "demo-1")
    assert (again.returncode, again.stderr) == (2, "error: run demo-1 is finished already\n")


NOTES = """
from crowdcore import hookimpl


def note(run, text):
    with (run.task_dir / "notes.txt").open("a") as file:
        file.write(text + "\\n")


@hookimpl
def on_unit_submitted(run, event):
    note(run, f"submitted by {event.worker.name}")


@hookimpl
def on_agent_ended(run, event):
    note(run, f"ended: {event.reason}")


@hookimpl
def on_run_finished(run, event):
    note(run, event.status)
"""


def test_a_changed_budget_is_noticed_by_the_running_server(task: Task) -> None:
    machine = task(budget=2)
    with machine.serve(*RUN) as served:
        until(lambda: launched(served) == 2)
        done = machine.crowd("set", "demo-1", "task.budget=5")
        assert (done.returncode, done.stdout) == (0, "demo-1: task.budget = 5\n")
        until(lambda: launched(served) == 5)
        wrong = machine.crowd("set", "demo-1", "task.reward=5")
        assert wrong.returncode == 2
        assert "task.reward" in wrong.stderr
        served.kill()
    with machine.serve("resume", "--no-open") as served:
        machine.crowd("set", "demo-1", "task.budget=7")
        until(lambda: launched(served) == 7)


def test_runs_lists_the_newest_first_with_what_became_of_them(task: Task, worker: Worker) -> None:
    machine = task()
    assert machine.crowd("runs").returncode == 2  # there is no database yet
    with machine.serve(*RUN) as served:
        served.kill()
    with machine.serve(*RUN) as served:
        worker(served.url, "x").submit({"text": "x"})
        until(lambda: '"completed"} 1' in web.get(f"{served.url}metrics").text.replace(".0", ""))
        first, second = machine.crowd("runs").stdout.splitlines()
        assert re.match(rf"demo-2 +running +1/10 .* {served.url}", first)
        assert re.match(r"demo-1 +interrupted +0/10 ", second)
        rows = json.loads(machine.crowd("runs", "demo", "--json").stdout)
        assert [(r["run"], r["status"], r["units"]) for r in rows] == [
            ("demo-2", "running", {"completed": 1, "launched": 9}), ("demo-1", "interrupted", {"launched": 10}),
        ]  # fmt: skip


def test_status_tells_people_and_programs_how_a_run_is_doing(task: Task, worker: Worker) -> None:
    machine = task()
    with machine.serve(*RUN) as served:
        worker(served.url, "x").submit({"text": "x"})
        worker(served.url, "y")
        found = status_of(machine)
        assert (found["run"], found["status"], found["url"]) == ("demo-1", "running", served.url)
        assert found["units"] == {"launched": 8, "assigned": 1, "completed": 1}
        assert found["agents"] == {"completed": 1, "in_task": 1}
        assert (found["submissions"], found["promised"], found["currency"]) == (1, "10", "USD")
        served.kill()
    text = machine.crowd("status").stdout
    assert text.startswith("demo-1: interrupted\n")
    assert "go on      crowd resume demo-1" in text
    missing = machine.crowd("status", "dmo")
    assert missing.returncode == 2
    assert "did you mean 'demo'?" in missing.stderr
