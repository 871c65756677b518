"""The meanings of amendments, co-signatures and erasures."""

from django.db import migrations, models

ACTS = ("UPDATE", "DELETE")


def without_triggers(apps, schema_editor):
    """SQLite changes a constraint by making the table anew, which takes the table's triggers with it."""
    if schema_editor.connection.vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(f"DROP TRIGGER reports_signature_no_{act.lower()}")


def with_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(
                f"""CREATE TRIGGER reports_signature_no_{act.lower()} BEFORE {act} ON reports_signature
                BEGIN SELECT RAISE(ABORT, 'Rows of reports_signature are never changed or removed.'); END"""
            )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_signing_verbs'),
        ('reports', '0005_hanging_and_matches'),
    ]

    operations = [
        migrations.RunPython(without_triggers, with_triggers),
        migrations.RemoveConstraint(
            model_name='signature',
            name='signature_meaning_known',
        ),
        migrations.AlterField(
            model_name='signature',
            name='meaning',
            field=models.CharField(choices=[('final', 'I have read the study and this is my report'), ('preliminary', 'Preliminary report, to be confirmed'), ('addendum', 'I add this to the signed report'), ('amended', 'I have corrected the signed report; this text replaces it'), ('cosigned', 'I have read this report and agree with it'), ('erased', 'I have erased what was signed, as the law asks')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='signature',
            constraint=models.CheckConstraint(condition=models.Q(('meaning__in', ['final', 'preliminary', 'addendum', 'amended', 'cosigned', 'erased'])), name='signature_meaning_known'),
        ),
        migrations.RunPython(with_triggers, without_triggers),
    ]
