"""Words on lesions copy their sizes, which say what was found: they may be emptied where a row has a tombstone."""

from django.db import migrations

from screening.migrations._tombstones import Emptied, close_again, open_for_tombstones

TABLES = (Emptied("reports_lesionmatch", {"size_mm": "NULL", "prior_size_mm": "NULL"}),)


def allow(apps, schema_editor):
    open_for_tombstones(schema_editor, TABLES)


def refuse(apps, schema_editor):
    close_again(schema_editor, TABLES, "reports_insert_only")


class Migration(migrations.Migration):

    dependencies = [("reports", "0012_erased"), ("screening", "0010_erasure")]

    operations = [migrations.RunPython(allow, refuse, elidable=False)]
