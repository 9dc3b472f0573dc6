"""Runs of the local architect, with data and secrets of the test's own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crowdcore import RunHandle
from crowdcore.testing import serve

Start = Callable[..., RunHandle]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Serves a run with these options of the architect."""
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    with ExitStack() as stack:

        def served(*hooks: Any, **options: Any) -> RunHandle:
            config = {
                "task": {"name": "pages"}, "blueprint": {"type": "mock"}, "provider": {"type": "mock"},
                "architect": {"type": "local", "port": 0, **options},
            }  # fmt: skip
            return stack.enter_context(serve(config, data_dir=tmp_path / "data", hooks=list(hooks)))

        yield served


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run([*command.split(), *names], cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"
