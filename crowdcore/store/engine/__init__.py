"""What differs between SQLite and PostgreSQL, the one writer of a process, and the tables of a new database."""

__all__ = ["postgres", "schema", "sql", "sqlite", "writer"]
