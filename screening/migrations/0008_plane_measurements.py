"""Measurements drawn across the slices: where they lie in the patient. Null, so that SQLite adds the column in place
and keeps the triggers that close the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("screening", "0007_worklist_index")]

    operations = [
        migrations.AddField(model_name="measurement", name="plane", field=models.JSONField(null=True)),
    ]
