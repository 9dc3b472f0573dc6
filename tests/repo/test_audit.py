"""`make check` asks for known vulnerabilities: a found one fails, a service out of reach is a note."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from crowdcore.testing.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def audit(pins: Path, url: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command, environment = [ROOT / "scripts" / "audit.sh", pins], {**kept, "OSV_URL": url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)


@contextmanager
def service(*vulnerable: str) -> Iterator[str]:
    """A service in the form of osv.dev that knows something about `vulnerable` packages."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
            event = {"events": [{"introduced": "0"}, {"fixed": "9.0"}], "type": "ECOSYSTEM"}
            affected = [{"package": {"name": asked, "ecosystem": "PyPI"}, "ranges": [event]}]
            known = {"id": "PYSEC-1", "summary": "It leaks.", "aliases": [], "affected": affected,
                     "published": "2024-01-01T00:00:00Z", "modified": "2024-01-01T00:00:00Z"}  # fmt: skip
            body = json.dumps({"vulns": [known]} if asked in vulnerable else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def test_a_vulnerable_package_fails(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("sound==1.0\nleaking==2.0\n")
    with service("leaking") as url:
        done = audit(pins, url)
    assert done.returncode == 1
    assert "leaking" in done.stdout
    assert "PYSEC-1" in done.stdout
    assert "make constraints" in done.stderr


def test_sound_packages_pass(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("sound==1.0\n")
    with service() as url:
        done = audit(pins, url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no vulnerability is known" in done.stdout


def test_a_service_out_of_reach_is_a_note(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("sound==1.0\n")
    done = audit(pins, "http://127.0.0.1:1/v1/query")
    assert done.returncode == 0
    assert "cannot be reached" in done.stderr


def test_a_report_of_nonsense_is_a_failure(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("not a pin at all ===\n")
    assert audit(pins, "http://127.0.0.1:1/v1/query").returncode != 0
