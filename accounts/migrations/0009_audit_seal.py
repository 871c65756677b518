"""The seals of the audit trail, which the database refuses to change or remove like the events themselves."""

from django.db import migrations, models

SQLITE = [
    f"""CREATE TRIGGER accounts_auditseal_no_{act.lower()} BEFORE {act} ON accounts_auditseal
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
    for act in ("UPDATE", "DELETE")
]
# The function is that of the events, made by 0002.
POSTGRESQL = [
    """CREATE TRIGGER accounts_auditseal_append_only BEFORE UPDATE OR DELETE ON accounts_auditseal
    FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_append_only()""",
]


def forwards(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_preferences")]
    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True)),
                ("at", models.DateTimeField()),
                ("rows", models.JSONField()),
                ("gaps", models.JSONField(default=list)),
                ("last_event", models.BigIntegerField()),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
            ],
            options={"ordering": ("number",)},
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
