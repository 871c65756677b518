"""Erasures and legal holds; the tables that keep what readers wrote let their content be emptied where a study has an
erasure, and nothing else."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from screening.migrations._tombstones import Emptied, close_again, open_for_tombstones

TABLES = ("screening_erasure", "screening_tombstone")
ACTS = ("UPDATE", "DELETE")
MEASURING = (
    Emptied("screening_measurement", {"text": "''", "points": "'[]'", "values": "'[]'", "plane": "NULL"}),
    Emptied("screening_findingdecision", {"note": "''", "values": "'{}'"}),
)
NOTES = (Emptied("screening_studynote", {"text": "''"}),)


def close(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for table in TABLES:
        if vendor == "postgresql":
            # the function is that of 0004
            schema_editor.execute(
                f"""CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION screening_insert_only()"""
            )
        elif vendor == "sqlite":
            for act in ACTS:
                schema_editor.execute(
                    f"""CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}
                    BEGIN SELECT RAISE(ABORT, 'Rows of {table} are never changed or removed.'); END"""
                )
    open_for_tombstones(schema_editor, (*MEASURING, *NOTES))


def reopen(apps, schema_editor):
    close_again(schema_editor, MEASURING, "screening_insert_only")
    close_again(schema_editor, NOTES, "screening_notes_insert_only")
    vendor = schema_editor.connection.vendor
    for table in TABLES:
        if vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_insert_only ON {table}")
        elif vendor == "sqlite":
            for act in ACTS:
                schema_editor.execute(f"DROP TRIGGER {table}_no_{act.lower()}")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0014_settings'),
        ('screening', '0009_programme_settings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('report', 'The report: its text in every version, its addenda and notes'), ('study', 'The study: its images, AI results and report, and whose it was')], max_length=8)),
                ('reason', models.CharField(max_length=300)),
                ('objects_gone', models.PositiveIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to='screening.study')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('study', 'scope'), name='erasure_once'), models.CheckConstraint(condition=models.Q(('scope__in', ['report', 'study'])), name='erasure_scope_known'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='erasure_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='Tombstone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table_name', models.CharField(max_length=64)),
                ('row_id', models.BigIntegerField()),
                ('erasure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tombstones', to='screening.erasure')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('table_name', 'row_id', 'erasure'), name='tombstone_once')],
            },
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=300)),
                ('set_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(null=True)),
                ('lifted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='screening.study')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('study',), name='legalhold_one_open'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='legalhold_has_reason')],
            },
        ),
        migrations.RunPython(close, reopen, elidable=False),
    ]
