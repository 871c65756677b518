"""How long a site keeps studies and reports, as versions that the database itself keeps as they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


TABLE = "reports_retentionrule"
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
        ('accounts', '0017_sign_in'),
        ('reports', '0014_replaced_follow_ups'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RetentionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('programme', models.CharField(blank=True, max_length=16)),
                ('version', models.PositiveIntegerField(help_text='from 1')),
                ('study_years', models.PositiveSmallIntegerField(null=True)),
                ('report_years', models.PositiveSmallIntegerField(null=True)),
                ('reason', models.CharField(max_length=400)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'ordering': ('version',),
                'constraints': [models.UniqueConstraint(fields=('site', 'programme', 'version'), name='retentionrule_version_once'), models.CheckConstraint(condition=models.Q(models.Q(('report_years__isnull', True), ('study_years__isnull', True)), models.Q(('report_years__gte', 1), ('report_years__isnull', False), ('study_years__gte', 1), ('study_years__isnull', False)), _connector='OR'), name='retentionrule_both_or_none'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='retentionrule_has_reason')],
            },
        ),
        migrations.RunPython(close, reopen),
    ]
