"""Uploaded files: whole under their final name or not there at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdcore.errors import StoreError
from crowdcore.store import FileStore, StoredFile
from tests.store.processes import python, read_line

HALF_AN_UPLOAD = """
import pathlib, sys
from crowdcore.store import FileStore

upload = FileStore(pathlib.Path(sys.argv[1])).incoming()
upload.write(b"x" * 1_000_000)
print("half", flush=True)
sys.stdin.readline()
"""

NO_ROOM = """
import pathlib, resource, sys
from crowdcore.errors import StoreError
from crowdcore.store import FileStore

store = FileStore(pathlib.Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with store.incoming() as upload:
        upload.write(b"x" * 200_000)
        upload.finish()
except StoreError as error:
    print(error, flush=True)
"""


def put(store: FileStore, *chunks: bytes) -> StoredFile:
    with store.incoming() as upload:
        for chunk in chunks:
            upload.write(chunk)
        return upload.finish()


def all_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@settings(deadline=None)  # it waits for the disk
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_content_comes_back_under_its_hash(chunks: list[bytes]) -> None:
    content = b"".join(chunks)
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(Path(folder) / "files")
        stored = put(store, *chunks)
        assert stored == StoredFile(hashlib.sha256(content).hexdigest(), len(content))
        assert all_files(store.folder) == [store.path(stored.sha256)]
        assert store.path(stored.sha256).parent.parent.name == stored.sha256[:2]
        with store.open(stored.sha256) as file:
            assert file.read() == content


def test_an_abandoned_upload_leaves_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with store.incoming() as upload:
        upload.write(b"half")
    with suppress(LookupError), store.incoming() as upload:
        upload.write(b"half")
        raise LookupError
    assert all_files(tmp_path) == []


def test_the_same_content_at_once_is_stored_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    chunks = [os.urandom(1000) for _ in range(20)]
    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(lambda _: put(store, *chunks), range(40)))
    assert len(set(stored)) == 1
    assert all_files(tmp_path) == [store.path(stored[0].sha256)]
    assert store.path(stored[0].sha256).read_bytes() == b"".join(chunks)


def test_a_killed_upload_is_not_under_a_final_name_and_is_swept_when_it_is_old(tmp_path: Path) -> None:
    with python(HALF_AN_UPLOAD, tmp_path) as process:
        assert read_line(process) == "half"
        process.kill()
        process.wait()
    store = FileStore(tmp_path)
    kept = put(store, b"other")
    (part,) = [path for path in all_files(tmp_path) if path != store.path(kept.sha256)]
    assert store.sweep(max_age=3600) == 0
    os.utime(part, (1.0, 1.0))
    assert store.sweep(max_age=3600) == 1
    assert all_files(tmp_path) == [store.path(kept.sha256)]


def test_a_file_that_does_not_fit_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with python(NO_ROOM, tmp_path) as process:
        assert "cannot be written to" in read_line(process)
        process.wait()
    assert all_files(tmp_path) == []


@pytest.mark.parametrize("name", ["", "abc", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_names_a_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not the SHA-256"):
        FileStore(tmp_path).path(name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a{64} is missing"):
        FileStore(tmp_path).open("a" * 64)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file")
    with pytest.raises(StoreError, match="files cannot be written to"):
        FileStore(tmp_path / "files").incoming()
