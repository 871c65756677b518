"""A reader keeps several hanging protocols of one kind, by name; the one they had stays the one in use."""

from django.db import migrations, models
from django.db.models import Q


def name_what_there_is(apps, schema_editor):
    apps.get_model("reports", "UserHangingProtocol").objects.update(name="My layout", chosen=True)


class Migration(migrations.Migration):
    dependencies = [("reports", "0010_house_style")]

    operations = [
        migrations.RemoveConstraint("userhangingprotocol", "hanging_protocol_once"),
        migrations.AddField("userhangingprotocol", "name", models.CharField(default="", max_length=60), False),
        migrations.AddField(
            "userhangingprotocol",
            "chosen",
            models.BooleanField(default=False, help_text="studies of the kind hang by it"),
        ),
        migrations.RunPython(name_what_there_is, migrations.RunPython.noop),
        migrations.AddConstraint(
            "userhangingprotocol",
            models.UniqueConstraint(fields=("user", "kind", "name"), name="hanging_protocol_name_once"),
        ),
        migrations.AddConstraint(
            "userhangingprotocol",
            models.UniqueConstraint(
                condition=Q(("chosen", True)), fields=("user", "kind"), name="hanging_protocol_one_chosen"
            ),
        ),
    ]
