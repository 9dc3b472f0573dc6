"""Forms with files, read as a stream: each file goes to the store while it arrives."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.server.http.bodies import chunks
from crowdcore.server.http.limits import Limits
from crowdcore.server.http.problems import invalid, too_large
from crowdcore.server.http.reply import Receive, Scope, header
from crowdcore.work.submission import Incoming

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

    from crowdcore.store import FileStore, IncomingFile

_MAX_NAME = 255
_MAX_PARTS = 1000


@dataclass
class Form:
    """What a form held: its text parts (bytes, by name) and its files in order."""

    texts: dict[str, bytes] = field(default_factory=dict)
    files: list[Incoming] = field(default_factory=list)


@dataclass
class _Part:
    """One part while it arrives: a text in `data`, or a file in `sink`."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    filename: str | None = None
    media_type: str = "application/octet-stream"
    data: list[bytes] = field(default_factory=list)
    size: int = 0
    context: AbstractContextManager[IncomingFile] | None = None
    sink: IncomingFile | None = None
    done: bool = False


def display_name(name: str) -> str:
    """`name` without folders and control characters, at most 255 bytes; "file" if nothing is left."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    # Cc, Cf: control and invisible direction marks ("gpj.exe" shown as "exe.jpg"); Cs cannot be stored.
    clean = "".join(c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")).strip()
    if clean.strip(".") == "":
        return "file"
    stem, dot, ending = clean.rpartition(".")
    tail = dot + ending if stem and len(ending) <= 16 else ""
    head = stem if tail else clean
    room = _MAX_NAME - len(tail.encode())
    return head.encode()[:room].decode("utf-8", "ignore") + tail


@asynccontextmanager
async def read_form(scope: Scope, receive: Receive, limits: Limits, files: FileStore) -> AsyncIterator[Form]:
    """The body as a form; RequestError 413 or 422. Its files are on the disk; those not kept in the block are gone."""
    with ExitStack() as open_files:
        reader = _Reader(_boundary(scope), limits, files, open_files)
        async for piece in chunks(scope, receive, limits, limits.form, "The form"):
            reader.feed(piece)
            for part in reader.take_finished():
                await _keep(reader.form, part)
        reader.end()
        for part in reader.take_finished():
            await _keep(reader.form, part)
        yield reader.form


async def _keep(form: Form, part: _Part) -> None:
    if part.sink is None:
        if part.name in form.texts:
            raise invalid(f"The form has two parts named {part.name!r}.")
        form.texts[part.name] = b"".join(part.data)
        return
    if part.filename == "" and part.size == 0:
        return  # a browser's file input that nobody used
    stored = await asyncio.to_thread(part.sink.seal)  # waits for the disk
    form.files.append(Incoming(part.name, part.filename or "file", part.media_type, stored, part.sink))


def _boundary(scope: Scope) -> bytes:
    from python_multipart.multipart import parse_options_header  # only forms need it

    _, options = parse_options_header((header(scope, b"content-type") or b"").decode("latin-1"))
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 256:
        raise invalid("The form has no boundary.")
    return boundary


class _Reader:
    """Feeds python-multipart's parser and turns its callbacks into parts."""

    def __init__(self, boundary: bytes, limits: Limits, files: FileStore, open_files: ExitStack) -> None:
        from python_multipart.multipart import MultipartParser  # only forms need it

        self.form = Form()
        self._limits, self._files, self._open = limits, files, open_files
        self._part = _Part()
        self._finished: list[_Part] = []
        self._parts = self._uploads = self._text_bytes = 0
        self._name = self._value = b""
        self._ended = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, piece: bytes) -> None:
        from python_multipart.exceptions import MultipartParseError

        try:
            self._parser.write(piece)
        except MultipartParseError:
            raise invalid("The form is malformed.") from None

    def end(self) -> None:
        """Check that the form is whole: a cut one must not count as a smaller one."""
        if not self._ended:
            raise invalid("The form ends in the middle.")

    def take_finished(self) -> list[_Part]:
        finished, self._finished = self._finished, []
        return finished

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise RequestError(413, "too_large", f"The form has more than {_MAX_PARTS} parts.")
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers(self) -> None:
        from python_multipart.multipart import parse_options_header

        part = self._part
        kind, options = parse_options_header(part.headers.get(b"content-disposition", b"").decode("latin-1"))
        part.name = _text(options.get(b"name", b""))
        if kind != b"form-data" or not 1 <= len(part.name) <= 200:
            raise invalid("A part of the form has no name.")
        if b"filename" in options:
            self._open_file(part, options)

    def _open_file(self, part: _Part, options: dict[bytes, bytes]) -> None:
        self._uploads += 1
        if self._uploads > self._limits.files:
            raise RequestError(413, "too_large", f"More than {self._limits.files} files at once.")
        filename = _text(options[b"filename"], strict=False)
        part.filename = display_name(filename) if filename else ""
        kind = part.headers.get(b"content-type", b"").decode("latin-1").strip()
        if kind.isascii() and kind.isprintable() and 0 < len(kind) <= 200:
            part.media_type = kind
        part.sink = self._open.enter_context(self._files.incoming())

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        part.size += end - start
        if part.sink is None:
            self._text_bytes += end - start  # of all parts: they are kept in memory
            if self._text_bytes > self._limits.json_body:
                raise too_large(self._limits.json_body, f"The part {part.name!r}")
            part.data.append(data[start:end])
        else:
            if part.size > self._limits.file:
                raise too_large(self._limits.file, f"The file {part.filename}")
            part.sink.write(data[start:end])

    def _part_end(self) -> None:
        self._finished.append(self._part)

    def _end(self) -> None:
        self._ended = True


def _text(raw: bytes, *, strict: bool = True) -> str:
    """A name of the form. python-multipart gives the bytes that were sent: UTF-8 in every browser."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        if strict:
            raise invalid("The name of a part is not UTF-8.") from None
        return raw.decode("latin-1")
    if strict and not text.isprintable():
        raise invalid("The name of a part contains control characters.")
    return text
