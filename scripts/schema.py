"""Writes what follows from the models, for developers; no run imports this.

python scripts/schema.py                    writes engine/ddl/*.sql, from which new databases are made
python scripts/schema.py --check            only says which of them differ from the models
python scripts/schema.py --migration WORDS  writes the next step for databases that exist
"""

from __future__ import annotations

import re
import sys
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, Index
from sqlmodel import SQLModel

import crowdcore.store.models  # noqa: F401  (fills the metadata)
from crowdcore.store import migrations
from crowdcore.store.engine.schema import SHIPPED

_DIALECTS: dict[str, Any] = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}


def _name(index: Index) -> str:
    return str(index.name)


def schema_sql(dialect: str) -> str:
    """The statements that make an empty database of the models, each ended by `;` and an empty line."""
    compiler = _DIALECTS[dialect]()
    statements = [f"-- Made from store/models by scripts/schema.py (make schema); {dialect}, schema {SHIPPED.version}."]
    for table in SQLModel.metadata.sorted_tables:
        made: list[DDLElement] = [CreateTable(table)]
        made += [CreateIndex(index) for index in sorted(table.indexes, key=_name)]
        statements += [_tidy(str(statement.compile(dialect=compiler))) for statement in made]
    return "\n\n".join(statements) + "\n"


def _tidy(statement: str) -> str:
    lines = [line.rstrip().replace("\t", "    ") for line in statement.strip().splitlines()]
    return "\n".join(line for line in lines if line) + ";"


def write_schema(*, check: bool) -> int:
    """Write both files, or with `check` only say which differs; the exit code."""
    stale = []
    for dialect in _DIALECTS:
        path = SHIPPED.folder / f"{dialect}.sql"
        text = schema_sql(dialect)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not check:
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path.name} {'differs from the models' if check else 'written'}")
    return 1 if stale and check else 0


_STEP = '''"""{words}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{version}"
down_revision = "{before}"


def upgrade() -> None:
    """{words}."""
{body}
'''


def write_migration(words: str) -> int:
    """Write the step from the newest migration to the models; the exit code."""
    with create_engine("sqlite://").connect() as connection:
        migrations.run(connection, migrations.steps(SHIPPED))
        context = MigrationContext.configure(connection, opts={"render_as_batch": True})
        difference = produce_migrations(context, SQLModel.metadata).upgrade_ops
    if difference is None or difference.is_empty():
        print("the models are what the migrations make: nothing to write")
        return 1
    version = f"{int(SHIPPED.version) + 1:04d}"
    path = SHIPPED.migrations / f"{version}_{re.sub(r'[^a-z0-9]+', '_', words.lower())}.py"
    body = "\n".join(
        line for line in render_python_code(difference, render_as_batch=True).splitlines() if "# ###" not in line
    )
    path.write_text(_STEP.format(words=words, version=version, before=SHIPPED.version, body=body), encoding="utf-8")
    print(f"{path} written: read it, set SHIPPED.version in engine/schema.py to {version}, then run me without words")
    return 0


def main(arguments: list[str]) -> int:
    """The command; see the module's words."""
    match arguments:
        case [] | ["--check"]:
            return write_schema(check=bool(arguments))
        case ["--migration", *words] if words:
            return write_migration(" ".join(words))
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
