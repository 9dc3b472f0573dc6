"""Where the run is served: host, port, an address behind a proxy."""

from __future__ import annotations

import re
import socket

import pytest

from crowdcore import ConfigError, RunError
from tests import web

from .conftest import Start


def test_the_port_is_the_one_asked_for(start: Start, free_port: int) -> None:
    run = start(port=free_port)
    assert run.url == f"http://localhost:{free_port}/"
    assert web.get(run.url).status_code == 200


def test_port_0_takes_any_free_one(start: Start) -> None:
    urls = {start().url, start().url}
    assert len(urls) == 2
    assert all(web.get(url).status_code == 200 for url in urls)


def test_a_taken_port_is_told_with_the_option_and_a_free_one(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RunError) as error:
            start(port=port)
    found = re.fullmatch(rf"port {port} is taken; (\d+) is free: architect\.port=(\d+)", str(error.value))
    assert found, str(error.value)
    assert found[1] == found[2]
    assert web.get(start(port=int(found[1])).url).status_code == 200


def test_two_runs_on_one_port_is_told_the_same_way(start: Start, free_port: int) -> None:
    first = start(port=free_port)
    with pytest.raises(RunError, match=f"port {free_port} is taken; [0-9]+ is free: architect.port="):
        start(port=free_port)
    assert web.get(first.url).status_code == 200, "the first run is none the worse"


def test_a_host_that_is_not_of_this_machine_is_told(start: Start) -> None:
    with pytest.raises(RunError, match=r"port 3000 on host '192\.0\.2\.1' cannot be used: "):
        start(host="192.0.2.1", port=3000)


def test_behind_a_proxy_workers_see_the_public_address(start: Start, free_port: int) -> None:
    run = start(port=free_port, public_url="https://tasks.example/labels")
    assert run.url == "https://tasks.example/labels/"
    assert web.get(f"http://127.0.0.1:{free_port}/").status_code == 200


@pytest.mark.parametrize("url", ["tasks.example", "ftp://tasks.example/", "https:///x", "https://tasks.example/?a=1"])
def test_a_public_address_that_is_none_is_refused(start: Start, url: str) -> None:
    with pytest.raises(Exception, match=r"tasks\.example|https:///x") as error:
        start(public_url=url)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("port", [-1, 65536, "http"])
def test_a_port_that_is_none_is_refused(start: Start, port: object) -> None:
    with pytest.raises(ConfigError, match="architect 'local' option 'port'"):
        start(port=port)
