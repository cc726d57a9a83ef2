"""The migrations and the tables that the queries are written against are one schema."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from advisor.contract.testing.store_values import AT, answer, decision, message
from advisor.storage import migrate, open_store, schema


def described(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every table and index, with its columns in order: name, type, nullable, default and place in the key."""
    names = connection.exec_driver_sql(
        "SELECT name, tbl_name, type, sql LIKE '%WITHOUT ROWID%' FROM sqlite_master "
        "WHERE tbl_name NOT IN ('alembic_version') AND name NOT LIKE 'sqlite_stat%' ORDER BY name"
    ).all()
    found: dict[str, list[tuple[object, ...]]] = {}
    for name, table, kind, rowless in names:
        pragma = "table_info" if kind == "table" else "index_xinfo"
        columns = connection.exec_driver_sql(f"PRAGMA {pragma}({name})").all()
        keys = connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})").all()
        unique = connection.exec_driver_sql(f"PRAGMA index_list({table})").all()
        found[name] = [(table, kind, rowless), *map(tuple, columns), *map(tuple, keys), *map(tuple, unique)]
    return found


def test_migrations_give_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    open_store(str(tmp_path / "migrated.db")).close()
    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    schema.tables.create_all(declared)
    with migrated.connect() as left, declared.connect() as right:
        expected = described(right)
        assert described(left) == expected
        assert expected.keys() >= set(schema.tables.tables)
    migrated.dispose()
    declared.dispose()


def test_the_newest_migration_is_the_one_that_opening_asks_for() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_opening_a_store_again_needs_no_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(str(tmp_path / "advisor.db")).close()

    def fail(*_: object) -> None:
        raise AssertionError("it migrated again")

    monkeypatch.setattr(migrate, "_upgrade", fail)
    open_store(str(tmp_path / "advisor.db")).close()


def test_a_url_and_a_path_name_the_same_store(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'advisor.db'}").close()
    with closing(sqlite3.connect(tmp_path / "advisor.db")) as found:
        assert found.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.HEAD,)]
        assert found.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_path_with_odd_characters_is_opened_as_it_is_written(tmp_path: Path) -> None:
    odd = tmp_path / "50% of? #1 ü"
    odd.mkdir()
    open_store(str(odd / "advisor.db")).close()
    assert (odd / "advisor.db").stat().st_size > 0


def test_a_store_of_the_first_version_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "advisor.db"
    kept = open_store(str(path))
    kept.decide([decision()], [message()], AT)
    kept.close()
    with closing(sqlite3.connect(path)) as old:
        old.execute("DROP TABLE answer")
        old.execute("DROP TABLE period")
        old.execute("ALTER TABLE outbox DROP COLUMN stands_in_for")
        old.execute("ALTER TABLE outbox DROP COLUMN not_before")
        old.execute("UPDATE alembic_version SET version_num = '0001'")
        old.commit()
    store = open_store(str(path))
    assert (store.decisions(), [out.message for out in store.outbox()]) == ([decision()], [message()])
    assert store.answers() == []
    store.answer(answer())
    assert store.answers() == [answer()]
    store.close()
