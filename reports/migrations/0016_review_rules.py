"""How much the rules of the review weigh at a site, as versions that the database itself keeps as they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TABLE = "reports_reviewrules"
ACTS = ("UPDATE", "DELETE")


def close(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(
            f"""CREATE TRIGGER {TABLE}_insert_only BEFORE UPDATE OR DELETE ON {TABLE}
            FOR EACH ROW EXECUTE FUNCTION reports_insert_only()"""
        )
    elif vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(
                f"""CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE}
                BEGIN SELECT RAISE(ABORT, 'Rows of {TABLE} are never changed or removed.'); END"""
            )


def reopen(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_insert_only ON {TABLE}")
    elif vendor == "sqlite":
        for act in ACTS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_{act.lower()}")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0019_review_verb'),
        ('reports', '0015_retention'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReviewRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(help_text='from 1')),
                ('severities', models.JSONField(default=dict)),
                ('reason', models.CharField(max_length=300)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'ordering': ('version',),
                'constraints': [models.UniqueConstraint(fields=('site', 'version'), name='reviewrules_version_once')],
            },
        ),
        migrations.RunPython(close, reopen),
    ]
