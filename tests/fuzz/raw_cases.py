"""Bytes that no HTTP library would send, each with the answer that is right."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzz.http_cases import SECURITY
from tests.fuzz.servers import Server

NOTHING = 0
"""The connection is closed without an answer."""
SECONDS = 60.0
QUIET = 0.05
"""Seconds after the head of an answer in which whatever else is said has come."""
HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True)
class Raw:
    """`sent` piece by piece; the first answer's status must be one of `right`. `left`: we hang up after sending."""

    name: str
    sent: Sequence[bytes]
    right: Sequence[int]
    left: bool = False


def exchange(port: int, one: Raw) -> tuple[list[int], bytes]:
    """The statuses of all answers until the server closes or falls silent, and what it said. OSError: it was cut."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        try:
            for piece in one.sent:
                connection.sendall(piece)
        except OSError:
            pass  # it stopped listening; what it said before may be there still
        if one.left:
            return [], b""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.settimeout(QUIET if b"\r\n\r\n" in said else SECONDS)
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                break
            except OSError:
                break
            if not piece:
                break
            said += piece
    return [int(status) for status in _STATUS.findall(said)], said


def fault(port: int, one: Raw) -> str | None:
    """What was wrong with the answer, if anything was."""
    if one.left:
        exchange(port, one)
        return None
    statuses, said = exchange(port, one)
    first = statuses[0] if statuses else NOTHING
    if first not in one.right:
        return f"raw {one.name}: {first or 'no answer'} instead of {one.right}: {said[:200]!r}"
    head = said.partition(b"\r\n\r\n")[0].lower()
    missing = [name for name in SECURITY if first not in (NOTHING, 100) and name.encode() not in head]
    if missing:
        return f"raw {one.name}: {first} without {', '.join(missing)}"
    return None


def heads() -> Iterator[Raw]:
    """Requests that are no HTTP, or too much of it."""
    end = b"\r\n\r\n"
    yield Raw("one huge header", [HEAD + b"X-A: " + b"a" * 100_000 + end], [431])
    yield Raw("huge header in pieces", [HEAD + b"X-A: ", *[b"a" * 10_000] * 30], [431])
    yield Raw("5,000 headers", [HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(5000)) + b"\r\n"], [431])
    yield Raw("nameless headers", [HEAD + b":\r\n" * 50_000 + b"\r\n"], [400, 431])
    yield Raw("long address", [b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x" + end], [431])
    yield Raw("long query that fits", [b"GET /?" + b"a=1&" * 10_000 + b" HTTP/1.1\r\nHost: x" + end], [200])
    yield Raw("NUL in the address", [b"GET /a\0b HTTP/1.1\r\nHost: x" + end], [400])
    yield Raw("NUL in a header", [HEAD + b"X-A: a\0b" + end], [400])
    yield Raw("bare CR in a header", [HEAD + b"X-A: a\rX-B: b" + end], [400])
    yield Raw("folded header", [HEAD + b"X-A: a\r\n b" + end], [200, 400])
    yield Raw("space before the colon", [HEAD + b"Content-Length : 3" + end], [400])
    yield Raw("bytes over 127 in the address", [b"GET /\xff\xfe HTTP/1.1\r\nHost: x" + end], [400])
    yield Raw("HTTP/9.9", [b"GET / HTTP/9.9\r\nHost: x" + end], [400])
    yield Raw("HTTP/1.0 without host", [b"GET /healthz HTTP/1.0" + end], [200])
    yield Raw("no version", [b"GET /" + end], [200, 400])
    yield Raw("unknown method", [b"FETCH / HTTP/1.1\r\nHost: x" + end], [400])
    yield Raw("HTTP/2", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], [400])
    yield Raw("TLS", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)], [400])
    yield Raw("SOCKS", [b"\x05\x01\x00" + bytes(10)], [400])
    yield Raw("only line ends", [b"\r\n" * 50_000], [NOTHING, 400, 431])
    yield Raw("CONNECT", [b"CONNECT example.org:443 HTTP/1.1\r\nHost: x" + end], [400])
    yield Raw("star", [b"OPTIONS * HTTP/1.1\r\nHost: x" + end], [400, 404, 405])
    yield Raw("TRACE", [b"TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret=1" + end], [405])
    yield Raw("absolute address", [b"GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: x" + end], [200])
    yield Raw("two hosts", [HEAD + b"Host: y" + end], [200, 400])
    yield Raw("1,000 pipelined", [(HEAD + b"\r\n") * 1000], [200, 400])
    yield Raw("a request, then junk", [HEAD + b"\r\n" + b"\x00junk\xff" * 100 + end], [200, 400])
    yield Raw("left in the middle of a head", [b"GET / HTT"], [], left=True)


def paths() -> Iterator[Raw]:
    """Addresses that try to lead somewhere else."""
    out = [
        b"/task/../../../../etc/passwd", b"/task/%2e%2e/%2e%2e/crowd.db", b"/task/..%2f..%2fcrowd.db",
        b"/task//etc/passwd", b"/task/%00", b"/task/a%00.js", b"/task/%ff%fe", b"/task/..\\..\\crowd.db",
        b"/task/%5c..%5c", b"/crowd/../x", b"/task/" + b"a" * 5000, b"/task/" + b"a/" * 3000,
        b"/task/" + b"%2e%2e/" * 500 + b"etc/passwd", b"/.git/config", b"//elsewhere.example/", b"/%2e%2e/",
        b"/task/con", b"/task/.", b"/task/%", b"/api/v1/agents/../../x",
    ]  # fmt: skip
    for path in out:
        request = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path
        yield Raw(f"path {path[:40]!r}", [request], [404, 400])
    yield Raw("page on a strange path", [b"GET /%3Fx HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"], [404])


def bodies(document: dict[str, Any]) -> Iterator[Raw]:
    """Bodies that break their own rules, sent with a valid token as drafts, which take any JSON."""
    base = f"/api/v1/agents/{document['agent']}"

    def put(*headers: bytes, path: str = "/draft", method: str = "PUT", kind: bytes = b"application/json") -> bytes:
        lines = [f"{method} {base}{path} HTTP/1.1".encode(), b"Host: x", b"Content-Type: " + kind,
                 f"Authorization: Bearer {document['token']}".encode(), *headers, b"", b""]  # fmt: skip
        return b"\r\n".join(lines)

    def length(size: int) -> bytes:
        return b"Content-Length: %d" % size

    def whole(body: bytes, **where: Any) -> list[bytes]:
        return [put(length(len(body)), **where), body]

    yield Raw("negative length", [put(b"Content-Length: -1"), b"{}"], [400])
    yield Raw("length that is no number", [put(b"Content-Length: 0x2"), b"{}"], [400])
    yield Raw("length with a sign", [put(b"Content-Length: +2"), b"{}"], [400])
    yield Raw("huge length", [put(b"Content-Length: 99999999999999999999999"), b"{}"], [400, 413])
    yield Raw("announced flood", [put(length(10**12))], [413])
    yield Raw("two lengths", [put(length(2), length(3)), b"{}1"], [400])
    yield Raw("length and chunks", [put(length(2), b"Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n\r\n"], [400])
    yield Raw("longer than announced", [put(length(2)), b'{}"junk"' * 50], [204, 400])
    yield Raw("shorter than announced", [put(length(2000)), b"{}"], [], left=True)
    yield Raw("no length", [put(), b""], [422])
    chunked = put(b"Transfer-Encoding: chunked")
    yield Raw("chunk size that is none", [chunked, b"zz\r\n{}\r\n0\r\n\r\n"], [400])
    yield Raw("negative chunk", [chunked, b"-2\r\n{}\r\n0\r\n\r\n"], [400])
    yield Raw("chunk size that overflows", [chunked, b"FFFFFFFFFFFFFFFFFFFF\r\n{}"], [400])
    yield Raw("chunk longer than its size", [chunked, b"2\r\n{}{}\r\n0\r\n\r\n"], [400])
    yield Raw("endless chunk extension", [chunked, b"2;", *[b"a" * 10_000] * 30], [431])
    yield Raw("endless trailer", [chunked, b"2\r\n{}\r\n0\r\nX-A: ", *[b"a" * 10_000] * 30], [204, 431])
    yield Raw("5,000 trailers", [chunked, b"2\r\n{}\r\n0\r\n" + b"X-A: 1\r\n" * 5000 + b"\r\n"], [204, 431])
    yield Raw("other encoding", [put(b"Transfer-Encoding: gzip"), b"{}"], [400])
    yield Raw("many tiny chunks", [chunked, b"1\r\n1\r\n" * 20_000 + b"0\r\n\r\n"], [422, 204])
    yield Raw("left in the middle of chunks", [chunked, b"5\r\n{"], [], left=True)
    for name, body, right in _JSON:
        yield Raw(f"JSON: {name}", whole(body), [right])
    form = {"path": "/submit", "method": "POST", "kind": b"multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n1\r\n'
    yield Raw("2,000 parts", whole(b"".join(part % b"p%d" % n for n in range(2000)) + b"--x--\r\n", **form), [413, 422])
    yield Raw(
        "part with 5,000 headers", whole(b"--x\r\n" + b"X-A: 1\r\n" * 5000 + b"\r\n1\r\n--x--\r\n", **form), [422]
    )
    yield Raw("part with a huge header", whole(b"--x\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n1\r\n--x--", **form), [422])
    yield Raw("form that ends nowhere", whole(b"--x\r\n" + part, **form), [422])
    upload = b'--x\r\nContent-Disposition: form-data; name="doc"; filename="%b"\r\n\r\n1\r\n--x--\r\n'
    for name in (
        b"../../../etc/passwd",
        b"a\0b",
        b"\xff\xfe",
        b"a" * 4000,
        b"C:\\con",
        b'"; x="',
        b"\xe2\x80\xaegpj.exe",
    ):
        yield Raw(f"file named {name[:20]!r}", whole(upload % name, **{**form, "path": "/files/doc"}), [200, 422])
    long = {**form, "kind": b"multipart/form-data; boundary=" + b"x" * 5000}
    yield Raw("long boundary", whole(b"--x--\r\n", **long), [422])


_JSON = [
    ("100,000 deep", b"[" * 100_000, 422),
    ("65 deep", b"[" * 65 + b"]" * 65, 422),
    ("64 deep", b"[" * 64 + b"]" * 64, 204),
    ("deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 422),
    ("whole number of 100,000 digits", b"1" * 100_000, 422),
    ("whole number of 4,000 digits", b"1" * 4_000, 204),
    ("1e400", b"1e400", 422),
    ("-1e400", b"[-1e400]", 422),
    ("1e-400", b"1e-400", 204),
    ("Infinity", b"Infinity", 422),
    ("NaN", b"[NaN]", 422),
    ("duplicate keys", b'{"a": 1, "a": 2}', 204),
    ("lone surrogate", rb'"\ud800"', 422),
    ("surrogate as a key", rb'{"\udfff": 1}', 422),
    ("pair of surrogates", rb'"\ud83d\ude00"', 204),
    ("NUL", rb'"a\u0000b"', 422),
    ("NUL as a key", rb'{"\u0000": 1}', 422),
    ("raw NUL", b'"a\0b"', 422),
    ("invalid UTF-8", b'"\xff\xfe"', 422),
    ("overlong UTF-8", b'"\xc0\x80"', 422),
    ("surrogates in UTF-8", b'"\xed\xa0\x80"', 422),
    ("UTF-16", json.dumps({"a": 1}).encode("utf-16"), 422),
    ("byte order mark", b"\xef\xbb\xbf{}", 422),
    ("control characters", b'"\x01\x1f"', 422),
    ("trailing comma", b"[1,]", 422),
    ("two values", b"{} {}", 422),
    ("nothing", b"", 422),
    ("white space", b" \n\t" * 10_000, 422),
    ("50,000 keys", json.dumps({str(n): n for n in range(50_000)}).encode(), 204),
    ("100,000 keys", json.dumps({str(n): n for n in range(100_000)}).encode(), 413),
    ("__proto__", b'{"__proto__": {"a": 1}, "constructor": 1}', 204),
    ("800 kB of text", json.dumps("ä" * 130_000).encode(), 204),
    ("4 MB of text", json.dumps("ä" * 700_000).encode(), 413),
]


def sockets(document: dict[str, Any]) -> Iterator[Raw]:
    """Handshakes that are none."""
    path = f"/api/v1/agents/{document['agent']}/live?token={document['token']}".encode()
    upgrade = b"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    version = b"Sec-WebSocket-Version: 13\r\n"
    get = b"GET %b HTTP/1.1\r\n" % path
    yield Raw("handshake without a key", [get + upgrade + version + b"\r\n"], [400])
    yield Raw("handshake with a bad key", [get + upgrade + version + b"Sec-WebSocket-Key: x\r\n\r\n"], [400])
    yield Raw("handshake of version 7", [get + upgrade + key + b"Sec-WebSocket-Version: 7\r\n\r\n"], [400, 426])
    yield Raw("handshake by POST", [b"POST %b HTTP/1.1\r\n" % path + upgrade + key + version + b"\r\n"], [400, 405])
    odd = b"GET /\xff%b HTTP/1.1\r\n" % path
    yield Raw("handshake with bytes over 127", [odd + upgrade + key + version + b"\r\n"], [400])
    many = b"".join(b"X-%d: 1\r\n" % n for n in range(200))
    yield Raw("handshake with 200 headers", [get + upgrade + key + version + many + b"\r\n"], [400, 431])
    long = b"X-A: " + b"a" * 20_000 + b"\r\n"
    yield Raw("handshake with a long header", [get + upgrade + key + version + long + b"\r\n"], [400, 431])
    far = b"GET %b HTTP/1.1\r\n" % (path + b"a" * 20_000)
    yield Raw("handshake with a long address", [far + upgrade + key + version + b"\r\n"], [400, 431])
    yield Raw("handshake elsewhere", [b"GET /x HTTP/1.1\r\n" + upgrade + key + version + b"\r\n"], [403])
    yield Raw("another upgrade", [HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"], [200])


def crowd(server: Server, connections: int) -> None:
    """While so many silent connections from one address are open, others are served."""
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(connections)]
    try:
        server.healthy()
    finally:
        for one in held:
            one.close()


def run(server: Server, connections: int) -> tuple[int, list[str]]:
    """Every raw case; how many there were, and what was wrong."""
    faults, cases = [], [*heads(), *paths()]
    for one in (*bodies(server.enter()), *sockets(server.enter())):
        cases.append(one)
    for one in cases:
        found = fault(server.port, one)
        if found is not None:
            faults.append(found)
    crowd(server, connections)
    server.healthy()
    return len(cases) + 1, faults
