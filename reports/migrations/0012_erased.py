"""Reports whose content was erased on request: the tables that keep what was written and signed let exactly that
content be emptied, where a row has a tombstone, and nothing else."""

from django.db import migrations, models

from screening.migrations._tombstones import Emptied, close_again, open_for_tombstones

TABLES = (
    Emptied("reports_revision", {"sections": "'{}'", "guard": "'{}'", "answers": "NULL"}),
    Emptied("reports_signature", {"canonical": "''"}),
    Emptied("reports_addendum", {"reason": "''", "text": "''"}),
    Emptied("reports_recommendation", {"what": "''"}),
    Emptied("reports_opinion", {"note": "''"}),
    Emptied("reports_communicationstep", {"whom": "''", "read_back_by": "''", "note": "''"}),
)


def allow(apps, schema_editor):
    open_for_tombstones(schema_editor, TABLES)


def refuse(apps, schema_editor):
    close_again(schema_editor, TABLES, "reports_insert_only")


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0011_named_layouts'),
        ('screening', '0010_erasure'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='report',
            name='report_status_known',
        ),
        migrations.AlterField(
            model_name='report',
            name='status',
            field=models.CharField(choices=[('DRAFTING', 'Being drafted'), ('DRAFT', 'Draft'), ('IN_REVIEW', 'In review'), ('PRELIMINARY', 'Preliminary'), ('SIGNED', 'Signed'), ('AMENDED', 'Amended'), ('ERASED', 'Erased on request')], default='DRAFTING', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['DRAFTING', 'DRAFT', 'IN_REVIEW', 'PRELIMINARY', 'SIGNED', 'AMENDED', 'ERASED'])), name='report_status_known'),
        ),
        migrations.RunPython(allow, refuse, elidable=False),
    ]
