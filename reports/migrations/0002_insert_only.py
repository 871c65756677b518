"""Revisions and signatures are added, never changed or removed: the database says so itself."""

from django.db import migrations

TABLES = ("reports_revision", "reports_signature")
ACTS = ("UPDATE", "DELETE")


def add_triggers(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(
            """CREATE OR REPLACE FUNCTION reports_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'Rows of % are never changed or removed.', TG_TABLE_NAME; END $$""",
            params=None,
        )
        for table in TABLES:
            schema_editor.execute(
                f"""CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION reports_insert_only()"""
            )
    elif vendor == "sqlite":
        for table in TABLES:
            for act in ACTS:
                schema_editor.execute(
                    f"""CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}
                    BEGIN SELECT RAISE(ABORT, 'Rows of {table} are never changed or removed.'); END"""
                )


def drop_triggers(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_insert_only ON {table}")
        schema_editor.execute("DROP FUNCTION IF EXISTS reports_insert_only()")
    elif vendor == "sqlite":
        for table in TABLES:
            for act in ACTS:
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act.lower()}")


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]
    operations = [migrations.RunPython(add_triggers, drop_triggers, elidable=False)]
