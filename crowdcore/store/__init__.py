"""State on disk: the database and the uploaded files.

`queries/` has what is read and written by subject, `engine/` what differs between databases, `migrations/` and
`upkeep/` what looks after one; `models` are the tables. May import: base and the words; knows no plugin.
"""

from __future__ import annotations

from crowdcore.store.database import Database, Held, open_database
from crowdcore.store.engine.sql import Conn, Row, StoreConflict
from crowdcore.store.files import FileStore, IncomingFile, StoredFile

__all__ = [
    "Conn", "Database", "FileStore", "Held", "IncomingFile", "Row", "StoreConflict", "StoredFile", "models",
    "open_database", "queries", "upkeep",
]  # fmt: skip
