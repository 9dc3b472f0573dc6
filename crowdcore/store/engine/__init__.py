"""What differs between SQLite and PostgreSQL, the one writer of a process, and the tables of a new database."""

__all__ = [
    "acknowledged",
    "opening",
    "place",
    "postgres",
    "postgres_connect",
    "readers",
    "schema",
    "sql",
    "sqlite",
    "writer",
]
