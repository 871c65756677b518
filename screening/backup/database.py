"""The whole database as it stands at one moment, out and in: SQLite page by page, PostgreSQL table by table."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder


class WrongState(Exception):
    """The database cannot take this backup; the text is one sentence."""


def vendor() -> str:
    """ "sqlite" or "postgresql"."""
    return str(connection.vendor)


def applied_migrations() -> list[str]:
    """app.name of each, sorted."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def tables() -> list[str]:
    """Every table of the installed apps with the tables of many-to-many fields, sorted."""
    return sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed})


@contextmanager
def snapshot() -> Iterator[Path]:
    """A file with the database as it stands now; others go on writing meanwhile. Gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "database"
        if connection.vendor == "sqlite":
            _sqlite_out(path)
        else:
            with path.open("wb") as out:
                _postgresql_out(out)
        yield path


def bring_back(path: Path, migrations: list[str]) -> None:
    """Put the file of `snapshot` in place of what the database holds.

    migrations: those of the snapshot. Raises WrongState where they, or the kind of database, are others.
    """
    if connection.vendor == "sqlite":
        _sqlite_in(path)
    else:
        if applied_migrations() != migrations:
            raise WrongState("The backup is of another version of the program: restore with that one, then upgrade.")
        with path.open("rb") as source:
            _postgresql_in(source)


def is_empty() -> bool:
    """Has nobody an account, and is there no study? Before `migrate` there are not even tables."""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for table in {"accounts_user", "screening_study"} & there:
            cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')
            if cursor.fetchone():
                return False
    return True


def _sqlite_out(path: Path) -> None:
    connection.ensure_connection()
    copy = sqlite3.connect(path)
    try:
        # In one step: a step that others write between begins anew, under load for ever.
        connection.connection.backup(copy)
        # A copy in WAL mode would be two files.
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()


def _sqlite_in(path: Path) -> None:
    copy = sqlite3.connect(path)
    try:
        (said,) = copy.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            raise WrongState("The database of the backup is damaged.")
        connection.ensure_connection()
        copy.backup(connection.connection)
    except sqlite3.DatabaseError as error:
        raise WrongState("The backup holds no SQLite database.") from error
    finally:
        copy.close()
    with suppress(sqlite3.OperationalError), connection.cursor() as cursor:  # in memory there is no such mode
        cursor.execute("PRAGMA journal_mode = WAL")


def _postgresql_out(out: BinaryIO) -> None:
    """One JSON line a table (its name, columns and the bytes that follow), then those bytes, as COPY gives them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in tables():
            columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            with tempfile.TemporaryFile() as rows:
                with cursor.copy(f"COPY {_named(table, columns)} TO STDOUT") as copy:  # type: ignore[attr-defined]
                    for data in copy:
                        rows.write(data)
                head = {"table": table, "columns": columns, "bytes": rows.tell()}
                out.write(json.dumps(head).encode() + b"\n")
                rows.seek(0)
                while data := rows.read(1 << 20):
                    out.write(data)


def _postgresql_in(source: BinaryIO) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        known = tables()
        for table in known:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        cursor.execute("TRUNCATE " + ", ".join(f'"{table}"' for table in known))
        while line := source.readline():
            _postgresql_table(cursor, source, json.loads(line), known)
        for statement in connection.ops.sequence_reset_sql(
            no_style(), list(apps.get_models(include_auto_created=True))
        ):
            cursor.execute(statement)
        # Deferred checks are due before a table may be altered again.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in known:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


def _postgresql_table(cursor: Any, source: BinaryIO, head: dict[str, Any], known: list[str]) -> None:
    if head["table"] not in known:
        raise WrongState(f"The backup has a table {head['table']} that this version does not know.")
    left = int(head["bytes"])
    with cursor.copy(f"COPY {_named(head['table'], head['columns'])} FROM STDIN") as copy:
        while left > 0:
            data = source.read(min(left, 1 << 20))
            if not data:
                raise WrongState("The database of the backup is cut short.")
            copy.write(data)
            left -= len(data)


def _named(table: str, columns: list[str]) -> str:
    quote = connection.ops.quote_name
    return f"{quote(table)} ({', '.join(quote(column) for column in columns)})"
