"""How a site runs a programme: versioned, and the database refuses to change or remove a version."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLE = "screening_programmesetting"
ACTS = ("UPDATE", "DELETE")


def close(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        # the function is that of 0004
        schema_editor.execute(
            f"""CREATE TRIGGER {TABLE}_insert_only BEFORE UPDATE OR DELETE ON {TABLE}
            FOR EACH ROW EXECUTE FUNCTION screening_insert_only()"""
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
        ("accounts", "0014_settings"),
        ("screening", "0008_plane_measurements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProgrammeSetting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("programme", models.CharField(blank=True, max_length=16)),
                ("version", models.PositiveIntegerField(help_text="from 1")),
                ("windows", models.JSONField()),
                ("quiet_seconds", models.PositiveIntegerField(null=True)),
                ("hold_back_ai", models.BooleanField()),
                ("reason", models.CharField(max_length=400)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.site"
                    ),
                ),
            ],
            options={
                "ordering": ("version",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "programme", "version"), name="programmesetting_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="programmesetting_has_reason"
                    ),
                ],
            },
        ),
        migrations.RunPython(close, reopen, elidable=False),
    ]
