"""PostgreSQL goes away and comes back: nothing is done twice, nothing answered is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crowdcore.errors import StoreError
from crowdcore.store import Conn, Database, open_database
from tests.postgres import PostgresServer


class CuttingProxy:
    """Stands between client and server; `cut` says where the next COMMIT's connection ends.

    "before": the server never hears the COMMIT. "after": it commits, but the client never hears of it.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.cut: str | None = None
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept nobody any more."""
        _end(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        cut = None
        while data := _receive(client):
            cut = self.cut if b"COMMIT" in data else None
            if cut:
                self.cut = None
                self.cuts += 1
                _end(client)
            if cut != "before":
                server.sendall(data)
            if cut:
                break
        _end(server, socket.SHUT_WR)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        while data := _receive(source):
            try:
                target.sendall(data)
            except OSError:
                continue  # the client was cut off; the server still has to be heard out
        _end(target)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _end(peer: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    try:
        peer.shutdown(how)
    except OSError:
        return  # it was closed by the other side


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database()


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(postgres_server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def database(url: str, tmp_path: Path, postgres_server: PostgresServer, proxy: CuttingProxy) -> Iterator[Database]:
    database = open_database(url.replace(str(postgres_server.port), str(proxy.port)), tmp_path)
    yield database
    database.close()


def add(conn: Conn) -> int:
    return conn.execute("INSERT INTO event (at, kind, actor, data) VALUES (1.0, 'k', 'a', '{}')")


def count(conn: Conn) -> int:
    return int(conn.value("SELECT count(*) FROM event"))


def test_idle_connections_that_died_are_replaced(database: Database, postgres_server: PostgresServer) -> None:
    database.write(add)
    assert database.read(count) == 1
    assert postgres_server.drop_connections() >= 2
    assert database.write(add) == 1
    assert postgres_server.drop_connections() >= 1
    assert database.read(count) == 2


def test_a_connection_lost_in_a_transaction_means_running_it_again(
    database: Database, postgres_server: PostgresServer
) -> None:
    runs = []

    def interrupted(conn: Conn) -> int:
        runs.append(1)
        add(conn)
        if len(runs) == 1:
            postgres_server.drop_connections()
        return add(conn)

    assert database.write(interrupted) == 1
    assert len(runs) == 2
    assert database.read(count) == 2


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connection_lost_in_a_commit_does_not_double_the_work(
    cut: str, database: Database, proxy: CuttingProxy
) -> None:
    for _ in range(3):
        proxy.cut = cut
        assert database.write(add) == 1
    assert proxy.cuts == 3
    assert database.read(count) == 3


def test_a_restarted_server_is_found_again(database: Database, postgres_server: PostgresServer) -> None:
    database.write(add)
    postgres_server.crash()
    assert database.write(add) == 1
    assert database.read(count) == 2


def test_a_server_that_stays_away_is_reported_and_found_when_it_is_back(
    tmp_path: Path, url: str, postgres_server: PostgresServer
) -> None:
    proxy = CuttingProxy(postgres_server.port)
    address = url.replace(str(postgres_server.port), str(proxy.port))
    database = open_database(address, tmp_path, patience=0.3)
    proxy.close()
    postgres_server.drop_connections()
    with pytest.raises(StoreError, match="postgresql://"):
        database.write(add)
    with pytest.raises(StoreError, match="postgresql://"):
        database.read(count)
    database.close()
