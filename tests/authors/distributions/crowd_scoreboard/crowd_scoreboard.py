"""Who did most: on a page and as JSON for the people who run the task, as a metric, and in a log that it keeps open."""

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from prometheus_client import Gauge
from starlette.responses import JSONResponse
from starlette.routing import Route

from crowdcore import AdminPage, hookimpl


class Scoreboard:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        log: Path = field(metadata={"help": "File with a line for each answer", "path": True, "must_exist": False})
        best: int = field(default=10, metadata={"help": "Names on the page", "min": 1})

    log = None

    @hookimpl
    def on_unit_submitted(self, run, event):
        # Told at least once, so kept under a key: rows of this plugin and this run, which outlive a restart.
        if run.records("answer").add(str(event.agent.id), event.worker.name):
            self.log = self.log or self.options.log.open("a")
            print(event.worker.name, file=self.log, flush=True)

    @hookimpl
    def register_admin_pages(self, run):
        rows = "<tr><td>{}<td>{}"
        return [AdminPage("Scoreboard", lambda: f"<table>{''.join(rows.format(escape(n), s) for n, s in best(run))}")]

    @hookimpl
    def register_admin_routes(self, run):
        return [Route("/scores", lambda request: JSONResponse(dict(best(run))))]

    @hookimpl
    def register_metrics(self, run):
        gauge = Gauge("scoreboard_workers", "People who answered", registry=None)
        gauge.set_function(lambda: len(best(run)))
        return [gauge]

    @hookimpl
    def plugin_close(self):
        if self.log is not None:
            self.log.close()


def best(run):
    return Counter(name for _, name in run.records("answer").items()).most_common(run.options.best)
