"""Brings a file to the schema that this version knows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from advisor.errors import StorageError
from advisor.storage import schema
from advisor.storage.database import Database

HEAD = "0004"
"""The newest revision in `migrations/versions`: a store that is there needs no migration, and no import of alembic."""

MIGRATIONS = Path(__file__).parent / "migrations"


def to_head(database: Database) -> None:
    """Migrate to HEAD, as one transaction. Raises StorageError where the file is newer or another program's."""
    with database.reading() as connection:
        if _revision(connection) == HEAD:
            return
    with database.writing() as connection:
        revision = _revision(connection)  # another process may have migrated since
        if revision == HEAD:
            return
        if not revision and inspect(connection).get_table_names():
            raise StorageError(
                f"{database.place} holds another program's tables", "set [advisor] state to another path"
            )
        _upgrade(connection, revision, database.place)


def _revision(connection: Connection) -> str:
    """The revision of a store; empty for a file that is none, whatever alembic wrote into it for another program."""
    for name in (schema.usage_fact.name, "alembic_version"):
        if not connection.dialect.has_table(connection, name):
            return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _upgrade(connection: Connection, revision: str, place: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision and revision not in known:
        raise StorageError(
            f"the store {place} was written by a newer version of Advisor (schema {revision}, known up to {HEAD})",
            "upgrade Advisor, or set [advisor] state to another path",
        )
    command.upgrade(config, "head")
