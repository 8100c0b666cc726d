"""Draft the next migration of a tree: `python -m migrations.draft backoffice "Add x"`.

Compares a new SQLite database at the last revision with the tables and writes the
difference as the next numbered file. A draft is read and completed by a person: a new
NOT NULL column comes in two steps, a new table of facts needs its default partition,
and what goes up must come down.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Enum, TypeDecorator

from migrations import environment
from migrations.runner import Tree, revisions, upgrade
from models.tables import OfficeBase, TerminalBase
from models.tables.engines import sqlite_engine

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrationScript
    from sqlalchemy import MetaData

_TABLES: Final = {
    Tree.TERMINAL: TerminalBase.metadata,
    Tree.BACKOFFICE: OfficeBase.metadata,
}
_FILE: Final = Template('''"""$message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "$revision"
down_revision = "$down_revision"
branch_labels = None
depends_on = None


def upgrade() -> None:
$upgrades


def downgrade() -> None:
$downgrades
''')


def draft(tree: Tree, message: str, tables: MetaData) -> str:
    """Give the text of the migration that would bring `tree` to `tables`."""
    script = _difference(tree, tables)
    last = revisions(tree)[-1]
    return _FILE.substitute(
        message=message,
        revision=_next(last),
        down_revision=last,
        upgrades=_code(script, "upgrade_ops"),
        downgrades=_code(script, "downgrade_ops"),
    )


def _next(revision: str) -> str:
    return f"{int(revision) + 1:04d}"


def _difference(tree: Tree, tables: MetaData) -> MigrationScript:
    with tempfile.TemporaryDirectory() as scratch:
        engine = sqlite_engine(Path(scratch) / "draft.db")
        upgrade(engine, tree)
        with engine.connect() as connection:
            options = environment.comparison(connection)
            context = MigrationContext.configure(connection, opts=options)
            script = produce_migrations(context, tables)
        engine.dispose()
    return script


def _code(script: MigrationScript, way: str) -> str:
    code = render_python_code(
        getattr(script, way), render_as_batch=True, render_item=_plain_type
    )
    return "\n".join(f"    {line}".rstrip() for line in code.splitlines())


def _plain_type(
    kind: str, thing: object, _context: AutogenContext
) -> str | Literal[False]:
    """Write column types as SQLAlchemy's own: migrations never import the tables."""
    if kind == "type" and isinstance(thing, Enum):
        return f"sa.String(length={thing.length})"
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl_instance!r}"
    return False


def main(tree: Tree, message: str) -> None:
    """Write the next file of `tree` and say where it is."""
    slug = re.sub(r"\W+", "_", message.lower()).strip("_")
    folder = Path(__file__).parent / tree / "versions"
    path = folder / f"{_next(revisions(tree)[-1])}_{slug}.py"
    path.write_text(draft(tree, message, _TABLES[tree]), "utf-8")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(Tree(sys.argv[1]), sys.argv[2])
