"""State on disk: the database and the uploaded files."""

from __future__ import annotations

from crowdcore.store.database import Database, open_database
from crowdcore.store.engine.sql import Conn, Row, StoreConflict
from crowdcore.store.files import FileStore, StoredFile

__all__ = ["Conn", "Database", "FileStore", "Row", "StoreConflict", "StoredFile", "open_database"]
