"""An extension of a third party: it listens, keeps its own rows, and adds a page, a route and a metric."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from crowdcore.testing import Browserless, Machine, until

TASK = """
task: {name: birds}
blueprint: {type: mock, num_assignments: 5}
extensions: [{type: scoreboard, log: "${task_dir}/answers.log"}]
architect: {port: 0}
"""


def admin(machine: Machine, url: str) -> httpx.Client:
    token = machine.crowd("admin", "token", "--role", "reader").stdout.split()[-1]
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60)


def test_its_page_route_and_metric_show_what_it_keeps_over_a_restart(
    machine: Machine, task: Callable[..., None], tmp_path: Path
) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml") as served:
        for name in ("<b>x</b>", "y", "y"):
            assert Browserless(served.url, worker_id=name).enter().submit({"text": "a"}).is_success
        url = served.expect(r"watch: (\S+)").group(1)
        pages = admin(machine, url)
        until(lambda: len(pages.get("/x/scoreboard/scores").json()) == 2)
        until(lambda: (tmp_path / "answers.log").read_text().count("y") == 2)
        assert '<a href="x/scoreboard/">Scoreboard</a>' in pages.get("/").text
        assert httpx.get(f"{url}x/scoreboard/").status_code == 401
        served.kill()
    with machine.serve("resume") as served:
        pages = admin(machine, served.expect(r"watch: (\S+)").group(1))
        assert pages.get("/x/scoreboard/scores").json() == {"y": 2, "<b>x</b>": 1}
        assert "<td>y<td>2<tr><td>&lt;b&gt;x&lt;/b&gt;<td>1" in pages.get("/x/scoreboard/").text
        assert "\nscoreboard_workers 2.0\n" in httpx.get(f"{served.url}metrics").text
