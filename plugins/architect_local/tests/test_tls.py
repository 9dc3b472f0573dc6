"""https with files of one's own."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from crowdcore import CrowdError
from tests import web

from .conftest import Start

Files = tuple[Path, Path]


def test_the_run_is_served_with_the_certificate(start: Start, certificate: Files) -> None:
    run = start(tls_certificate=str(certificate[0]), tls_key=str(certificate[1]))
    assert run.url.startswith("https://localhost:")
    trusting = ssl.create_default_context(cafile=certificate[0])
    assert web.get(run.url, verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError):
        web.get(run.url)


def test_a_worker_works_over_it(start: Start, certificate: Files) -> None:
    run = start(tls_certificate=str(certificate[0]), tls_key=str(certificate[1]))
    with web.Client(base_url=run.url, verify=ssl.create_default_context(cafile=certificate[0])) as client:
        document = client.post("api/v1/agents", json={"params": {"worker_id": "x"}}).json()
        path, headers = f"api/v1/agents/{document['agent']}/submit", {"Authorization": f"Bearer {document['token']}"}
        assert client.post(path, json={"data": {"text": "a"}}, headers=headers).status_code == 200


def test_one_file_without_the_other_is_refused(start: Start, certificate: Files) -> None:
    with pytest.raises(CrowdError, match="give both tls_certificate and tls_key, or neither"):
        start(tls_certificate=str(certificate[0]))


def test_a_file_that_is_not_there_is_told_by_option(start: Start, certificate: Files) -> None:
    with pytest.raises(CrowdError, match=r"option .tls_key.: .*gone\.pem"):
        start(tls_certificate=str(certificate[0]), tls_key="gone.pem")


def test_files_that_do_not_fit_are_told_in_one_line(start: Start, certificate: Files, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key\n")
    with pytest.raises(CrowdError, match=r"TLS files .*certificate\.pem, .*key\.pem: ") as error:
        start(tls_certificate=str(certificate[0]), tls_key=str(tmp_path / "key.pem"))
    assert "\n" not in str(error.value)
