"""Writes `schema/*.sql` from the models: `python -m crowdcore.store.generate` (`--check` only compares).

A new database is made from these files, so that no run has to import SQLAlchemy.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, Index
from sqlmodel import SQLModel

import crowdcore.models  # noqa: F401  (fills the metadata)
from crowdcore.store.schema import SHIPPED

_DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


def _name(index: Index) -> str:
    return str(index.name)


def schema_sql(dialect: str) -> str:
    """The statements that make an empty database of the models, each ended by `;` and an empty line."""
    compiler = _DIALECTS[dialect]()
    statements = [f"-- Made from models.py by python -m crowdcore.store.generate; {dialect}, schema {SHIPPED.version}."]
    for table in SQLModel.metadata.sorted_tables:
        made: list[DDLElement] = [CreateTable(table)]
        made += [CreateIndex(index) for index in sorted(table.indexes, key=_name)]
        statements += [_tidy(str(statement.compile(dialect=compiler))) for statement in made]
    return "\n\n".join(statements) + "\n"


def _tidy(statement: str) -> str:
    lines = [line.rstrip().replace("\t", "    ") for line in statement.strip().splitlines()]
    return "\n".join(line for line in lines if line) + ";"


def main(arguments: list[str]) -> int:
    """Write both files, or with `--check` say which differs; 0 if nothing is wrong."""
    stale = []
    for dialect in _DIALECTS:
        path = SHIPPED.folder / f"{dialect}.sql"
        text = schema_sql(dialect)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path.name} {'differs from models.py' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
