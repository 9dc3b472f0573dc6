"""State on disk: the database and the uploaded files."""

from __future__ import annotations

from crowdcore.store.db import Database, open_database
from crowdcore.store.files import FileStore, StoredFile
from crowdcore.store.sql import Conn, Row, StoreConflict

__all__ = ["Conn", "Database", "FileStore", "Row", "StoreConflict", "StoredFile", "open_database"]
