"""Sessions and tokens end when somebody says so, are good for one database, and only at the addresses of the pages."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from crowdcore import ConfigError, RunHandle, load_config
from crowdcore.testing import Machine, ManualClock, serve
from crowdcore.testing.patience import PATIENCE
from tests import web
from tests.server.conftest import config


@contextmanager
def served(machine: Machine, **sections: Any) -> Iterator[RunHandle]:
    """A run of this machine, whose commands see its database."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in machine.environment.items():
            patch.setenv(name, value)
        clock = sections.pop("clock", None)
        with serve(config("t", **sections), data_dir=machine.data_dir, clock=clock) as run:
            yield run


def browser(run: RunHandle) -> httpx.Client:
    """Somebody who has just logged in."""
    client = web.Client(base_url=str(run.admin_url))
    assert client.get(run.admin_link()).status_code == 200
    return client


def csrf(client: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', client.get("").text)
    assert found is not None
    return found[1]


def bearer(run: RunHandle, token: str, **headers: str) -> int:
    """The status that a program with this token gets."""
    url = f"{run.admin_url}api/v1/runs"
    return web.get(url, headers={"Authorization": f"Bearer {token}", **headers}).status_code


def ids(machine: Machine) -> list[str]:
    """What `crowd admin list` shows."""
    return re.findall(r"^([0-9a-f]{12})  ", machine.crowd("admin", "list").stdout, re.MULTILINE)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_cookie_that_was_copied_lets_nobody_in_after_the_logout(machine: Machine) -> None:
    with served(machine) as run:
        client = browser(run)
        copied = dict(client.cookies)
        assert web.get(f"{run.admin_url}api/v1/runs", cookies=copied).status_code == 200
        assert client.post("logout", data={"csrf": csrf(client)}).status_code == 303
        assert web.get(f"{run.admin_url}api/v1/runs", cookies=copied).status_code == 401
        assert ids(machine) == []


def test_sessions_and_tokens_are_listed_and_end_by_command(machine: Machine) -> None:
    with served(machine) as run:
        client, token = browser(run), machine.crowd("admin", "token").stdout.strip()
        assert (client.get("api/v1/runs").status_code, bearer(run, token)) == (200, 200)
        of_token, of_session = ids(machine)
        assert f"{of_token}  token" in machine.crowd("admin", "list").stdout
        assert machine.crowd("admin", "revoke", of_token).stdout == f"{of_token}: ended\n"
        assert (client.get("api/v1/runs").status_code, bearer(run, token)) == (200, 401)
        assert machine.crowd("admin", "revoke", of_session).returncode == 0
        assert client.get("api/v1/runs").status_code == 401
        again = machine.crowd("admin", "revoke", of_session)
        assert (again.returncode, "no session or token" in again.stderr) == (2, True)


def test_all_of_them_end_at_once_and_links_with_them(machine: Machine) -> None:
    with served(machine) as run:
        client, token, link = browser(run), machine.crowd("admin", "token").stdout.strip(), run.admin_link()
        assert machine.crowd("admin", "revoke", "--all").stdout.startswith("2 ended")
        assert (client.get("api/v1/runs").status_code, bearer(run, token)) == (401, 401)
        assert web.get(link).status_code == 401
        assert browser(run).get("api/v1/runs").status_code == 200


def test_it_is_the_same_on_either_database(tmp_path: Path, database_url: str | None) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with serve(config("t"), data_dir=data_dir, db=database_url) as run:
        first, other, link = browser(run), browser(run), run.admin_link()
        assert len(re.findall("<code>", first.get("access").text)) == 2
        assert first.post("logout", data={"csrf": csrf(first)}).status_code == 303
        assert [each.get("api/v1/runs").status_code for each in (first, other)] == [401, 200]
        assert (web.get(link).status_code, web.get(link).status_code) == (200, 401)


def test_owners_end_them_on_the_page_and_readers_cannot(machine: Machine) -> None:
    with served(machine) as run:
        owner, other = browser(run), browser(run)
        word = csrf(owner)
        page = owner.get("access").text
        (mine,) = re.findall(r"<code>(\w+)</code> <span", page)
        (theirs,) = set(re.findall(r"<code>(\w+)</code>", page)) - {mine}
        assert owner.post("access/end", data={"id": theirs}).status_code == 403
        assert owner.post("access/end", data={"id": theirs, "csrf": word}).status_code == 303
        assert other.get("api/v1/runs").status_code == 401
        assert owner.post("access/end", data={"id": theirs, "csrf": word}).status_code == 404
        reader = web.Client(base_url=str(run.admin_url))
        reader.get(run.admin_link("reader"))
        assert reader.get("access").status_code == 403
        word = re.findall(r'name="csrf" value="(\w+)"', reader.get("").text)[0]
        assert reader.post("access/end", data={"id": mine, "csrf": word}).status_code == 403
        assert owner.get("api/v1/runs").status_code == 200


def test_what_was_made_for_one_database_is_worth_nothing_at_another(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    here, there = Machine(tmp_path / "a"), Machine(tmp_path / "b")
    there.environment["CROWD_CONFIG_DIR"] = here.environment["CROWD_CONFIG_DIR"]  # the same key signs
    with served(here) as run:
        token = here.crowd("admin", "token").stdout.strip()
        assert bearer(run, token) == 200
        cookies, link = dict(browser(run).cookies), run.admin_link()
    with served(there) as run:
        there.crowd("admin", "token")
        assert bearer(run, token) == 401
        word = link.rpartition("token=")[2]
        assert web.get(f"{run.admin_url}login?token={word}").status_code == 401
        name = f"crowd_admin_{httpx.URL(str(run.admin_url)).port}"
        assert web.get(f"{run.admin_url}api/v1/runs", cookies={name: next(iter(cookies.values()))}).status_code == 401


def test_a_page_whose_name_leads_here_gets_nothing(machine: Machine) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    admin = {"hosts": ["Desk.example"], "public_url": "https://admin.example/", "port": port}
    with served(machine, admin=admin):
        token = machine.crowd("admin", "token").stdout.strip()
        url = f"http://127.0.0.1:{port}/api/v1/runs"
        for host in ("localhost", "127.0.0.1:1", "[::1]:80", "admin.example", "desk.example.:8080"):
            assert web.get(url, headers={"Host": host, "Authorization": f"Bearer {token}"}).status_code == 200, host
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", ""):
            refused = web.get(url, headers={"Host": host, "Authorization": f"Bearer {token}"})
            assert refused.status_code == 421, host
        assert "admin.hosts=[evil.example]" in web.get(url, headers={"Host": "evil.example"}).json()["detail"]
        page = web.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example", "Accept": "text/html"})
        assert (page.status_code, "crowd admin login" in page.text) == (421, False)


def test_wrong_links_and_tokens_are_tried_only_so_often(machine: Machine) -> None:
    clock = ManualClock(time.time())
    with served(machine, clock=clock) as run:
        client, token = browser(run), machine.crowd("admin", "token").stdout.strip()
        link = run.admin_link()
        answers = [web.get(f"{run.admin_url}login?token=x{n}").status_code for n in range(20)]
        assert (answers[0], answers[-1]) == (401, 429)
        assert (bearer(run, "x"), bearer(run, token), web.get(link).status_code) == (429, 429, 429)
        assert client.get("api/v1/runs").status_code == 200
        clock.advance(30)
        assert (bearer(run, token), web.get(link).status_code) == (200, 200)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "desk.example"])
def test_other_machines_need_https_or_an_explicit_yes(host: str, tls: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_config(config("t", admin={"host": host}))
    (line,) = refusal.value.problems
    assert all(words in line for words in ("127.0.0.1", "ssh -L", "tls_certificate", "without_tls: true")), line
    assert load_config(config("t", admin={"host": host, "without_tls": True})).admin.host == host
    assert load_config(config("t", admin={"host": host, **tls})).admin.host == host


def test_the_pages_come_by_https(machine: Machine, tls: dict[str, str]) -> None:
    with served(machine, admin={"host": "0.0.0.0", **tls}) as run:
        link = run.admin_link()
        assert link.startswith("https://localhost:")
        reply = httpx.get(link, verify=False, timeout=PATIENCE)
        assert (reply.status_code, "Secure" in reply.headers["set-cookie"]) == (200, True)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate as the options name it."""
    folder = tmp_path_factory.mktemp("tls")
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*words, "-keyout", folder / "key", "-out", folder / "pem"], check=True, capture_output=True)
    return {"tls_certificate": str(folder / "pem"), "tls_key": str(folder / "key")}
