"""What both trees' env.py do: run the migrations, and compare shapes the right way.

Partitions are left out of comparisons (they come and go by month), CHECKs are compared
by name, and SQLite alters by batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic import context
from sqlalchemy import ForeignKeyConstraint, text

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from sqlalchemy import Connection, MetaData
    from sqlalchemy.sql.schema import SchemaItem

PLUGINS = ("alembic.autogenerate.*", "alembic.ext.checkconstraint_byname")

_PARTITIONS = """
SELECT relname FROM pg_class
WHERE relispartition AND relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""


def partitions(connection: Connection) -> frozenset[str]:
    """Name the partitions of a PostgreSQL database; other databases have none."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    return frozenset(connection.scalars(text(_PARTITIONS)))


def comparison(connection: Connection) -> dict[str, Any]:
    """Give the options with which a database is compared with the tables."""
    left_out = partitions(connection)

    def is_ours(
        name: str | None, kind: str, _parents: MutableMapping[Any, str | None]
    ) -> bool:
        return kind != "table" or name not in left_out

    def is_declared(thing: SchemaItem, *_: object) -> bool:
        # PostgreSQL lists a foreign key to a partitioned table once a partition more.
        if not isinstance(thing, ForeignKeyConstraint):
            return True
        target = thing.elements[0].target_fullname.rpartition(".")[0]
        return target not in left_out

    return {
        "include_name": is_ours,
        "include_object": is_declared,
        "autogenerate_plugins": PLUGINS,
        "compare_type": True,
        "render_as_batch": connection.dialect.name == "sqlite",
    }


def run(metadata: MetaData) -> None:
    """Run the migrations in the transaction that the runner holds."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection, target_metadata=metadata, **comparison(connection)
    )
    context.run_migrations()
