"""Triggers of insert-only tables whose content may be emptied, and nothing else: of rows that have a tombstone.

Not a migration itself; the migrations that use it belong to two apps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Emptied:
    """table; content: column → what stands in it afterwards, as SQL."""

    table: str
    content: Mapping[str, str]

    @property
    def erased(self) -> str:
        """SQL that holds for a row, called OLD, that has a tombstone. It names no table that a later migration may make
        anew: SQLite would stumble over it then."""
        return (
            f"EXISTS (SELECT 1 FROM screening_tombstone t WHERE t.table_name = '{self.table}' AND t.row_id = OLD.id)"
        )


def open_for_tombstones(schema_editor, tables):
    """Before: the tables are closed to every change. After: only to every other change."""
    connection = schema_editor.connection
    for each in tables:
        if connection.vendor == "postgresql":
            _postgresql(schema_editor, each)
        elif connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                columns = [one.name for one in connection.introspection.get_table_description(cursor, each.table)]
            schema_editor.execute(f"DROP TRIGGER {each.table}_no_update")
            schema_editor.execute(_sqlite(each, columns))


def close_again(schema_editor, tables, function):
    """function: the one of PostgreSQL that refuses everything."""
    vendor = schema_editor.connection.vendor
    for each in tables:
        if vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {each.table}_insert_only ON {each.table}")
            schema_editor.execute(f"DROP FUNCTION {each.table}_tombstones()")
            schema_editor.execute(
                f"""CREATE TRIGGER {each.table}_insert_only BEFORE UPDATE OR DELETE ON {each.table}
                FOR EACH ROW EXECUTE FUNCTION {function}()"""
            )
        elif vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {each.table}_no_update")
            schema_editor.execute(
                f"""CREATE TRIGGER {each.table}_no_update BEFORE UPDATE ON {each.table}
                BEGIN SELECT RAISE(ABORT, 'Rows of {each.table} are never changed or removed.'); END"""
            )


def _sqlite(each, columns):
    """IS, not =, so that nothing of the condition is ever NULL, which would let the change through."""
    kept = [f'NEW."{name}" IS OLD."{name}"' for name in columns if name not in each.content]
    emptied = [f'(NEW."{name}" IS OLD."{name}" OR NEW."{name}" IS {text})' for name, text in each.content.items()]
    return f"""CREATE TRIGGER {each.table}_no_update BEFORE UPDATE ON {each.table}
        WHEN NOT ({" AND ".join([*kept, *emptied, each.erased])})
        BEGIN SELECT RAISE(ABORT, 'Rows of {each.table} are never changed or removed.'); END"""


def _postgresql(schema_editor, each):
    names = ", ".join(f"'{name}'" for name in each.content)
    kept = f"to_jsonb(NEW) - ARRAY[{names}]"
    emptied = [
        f'(NEW."{name}" IS NOT DISTINCT FROM OLD."{name}" OR NEW."{name}" IS NOT DISTINCT FROM {text}{_cast(text)})'
        for name, text in each.content.items()
    ]
    allowed = " AND ".join([f"{kept} = {kept.replace('NEW', 'OLD')}", *emptied, each.erased])
    schema_editor.execute(
        f"""CREATE FUNCTION {each.table}_tombstones() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF {allowed} THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION 'Rows of % are never changed or removed.', TG_TABLE_NAME;
        END $$""",
        params=None,
    )
    schema_editor.execute(f"DROP TRIGGER {each.table}_insert_only ON {each.table}")
    schema_editor.execute(
        f"""CREATE TRIGGER {each.table}_insert_only BEFORE UPDATE OR DELETE ON {each.table}
        FOR EACH ROW EXECUTE FUNCTION {each.table}_tombstones()"""
    )


def _cast(text):
    return "::jsonb" if text in ("'{}'", "'[]'") else ""
