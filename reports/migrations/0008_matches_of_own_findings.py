"""A reader's own findings take part in matches: a match names its findings by key, and the AI's also by row."""

import django.db.models.deletion
from django.db import migrations, models

ACTS = ("UPDATE", "DELETE")
TABLE = "reports_lesionmatch"


def drop_triggers(apps, schema_editor):
    """SQLite makes the table anew, and what stands in it gets its keys: the triggers return afterwards."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_insert_only ON {TABLE}")
    elif schema_editor.connection.vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_{act.lower()}")


def add_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"""CREATE TRIGGER {TABLE}_insert_only BEFORE UPDATE OR DELETE ON {TABLE}
            FOR EACH ROW EXECUTE FUNCTION reports_insert_only()"""
        )
    elif schema_editor.connection.vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(
                f"""CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE}
                BEGIN SELECT RAISE(ABORT, 'Rows of {TABLE} are never changed or removed.'); END"""
            )


def name_by_key(apps, schema_editor):
    matches = apps.get_model("reports", "LesionMatch").objects
    for match in matches.select_related("finding", "prior_finding"):
        matches.filter(pk=match.pk).update(finding_key=match.finding.key, prior_finding_key=match.prior_finding.key)


class Migration(migrations.Migration):
    dependencies = [("reports", "0007_answers")]

    operations = [
        migrations.RunPython(drop_triggers, add_triggers),
        migrations.AddField("lesionmatch", "finding_key", models.CharField(default="", max_length=16), False),
        migrations.AddField("lesionmatch", "prior_finding_key", models.CharField(default="", max_length=16), False),
        migrations.AlterField(
            "lesionmatch",
            "finding",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="screening.finding"
            ),
        ),
        migrations.AlterField(
            "lesionmatch",
            "prior_finding",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="screening.finding"
            ),
        ),
        migrations.RunPython(name_by_key, migrations.RunPython.noop),
        migrations.RunPython(add_triggers, drop_triggers),
    ]
