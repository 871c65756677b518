"""How a site's drafts are worded, as versions that the database itself keeps as they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TABLE = "reports_draftstyle"
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
        ('accounts', '0014_settings'),
        ('reports', '0009_targets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DraftStyle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(help_text='from 1')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh', 'Simplified Chinese')], max_length=2)),
                ('register', models.CharField(choices=[('full', 'Full sentences'), ('terse', 'Terse')], max_length=5)),
                ('negatives', models.BooleanField(default=True)),
                ('orders', models.JSONField(default=dict)),
                ('model', models.CharField(blank=True, max_length=80)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'ordering': ('version',),
                'constraints': [models.UniqueConstraint(fields=('site', 'version'), name='draftstyle_version_once'), models.CheckConstraint(condition=models.Q(('language__in', ['en', 'zh'])), name='draftstyle_language_known'), models.CheckConstraint(condition=models.Q(('register__in', ['full', 'terse'])), name='draftstyle_register_known')],
            },
        ),
        migrations.RunPython(close, reopen),
    ]
