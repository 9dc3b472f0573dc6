"""Serve from this machine on a free port, kept over restarts, and write the address on a card."""

from dataclasses import dataclass, field
from pathlib import Path

from crowdcore import hookimpl


class CardArchitect:
    offers = frozenset({"live"})

    @dataclass(frozen=True, kw_only=True)
    class Options:
        card: Path = field(metadata={"help": "File for the address", "path": True, "must_exist": False})

    @hookimpl
    def architect_deploy(self, run, app):
        ports = run.records("port")
        ports.put("own", run.serve(app, host="127.0.0.1", port=ports.get("own", 0)))
        address = f"http://127.0.0.1:{ports.get('own')}/"
        self.options.card.write_text(address)
        return address

    @hookimpl
    def architect_status(self):
        return "up" if self.options.card.exists() else "down"

    @hookimpl
    def architect_shutdown(self):
        self.options.card.unlink(missing_ok=True)
