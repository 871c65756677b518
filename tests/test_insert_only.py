"""Rows that are never changed or removed: each such model says so in Python, and the database refuses it itself."""

from __future__ import annotations

import datetime as dt
from itertools import count
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

# The convention by which such a model is known: it does not let Django remove a row.
INSERT_ONLY = sorted(
    (each for each in apps.get_models() if each.delete is not models.Model.delete and not each._meta.proxy),
    key=lambda model: model._meta.label_lower,
)
TRIGGERS = {
    "sqlite": "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE NOT tgisinternal AND tgenabled = 'O' AND relnamespace = current_schema()::regnamespace""",
}


def any_value(field: models.Field, numbers: count[int]) -> object:
    """A value that the column takes; references point nowhere, since they are looked at on commit only."""
    if field.has_default():
        return field.get_default()
    if field.null:
        return None
    if field.choices:
        return field.flatchoices[0][0]
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return dt.date(2026, 11, 21)
    by_kind = {"BooleanField": False, "JSONField": [], "UUIDField": uuid4(), "CharField": "x", "TextField": "x"}
    kind = field.get_internal_type()
    return by_kind[kind] if kind in by_kind else next(numbers)


def a_row_of(model: type[models.Model]) -> models.Model:
    numbers = count(1)
    values = {
        field.attname: any_value(field, numbers) for field in model._meta.concrete_fields if not field.primary_key
    }
    (row,) = model._base_manager.bulk_create([model(**values)])
    return row


@pytest.mark.django_db
def test_the_tables_that_the_database_closes_are_those_of_the_models_that_refuse():
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor])
        closed = {name for (name,) in cursor.fetchall()}
    assert closed == {model._meta.db_table for model in INSERT_ONLY}


@pytest.mark.django_db
@pytest.mark.parametrize("model", INSERT_ONLY, ids=lambda model: model._meta.label_lower)
def test_the_database_takes_a_row_and_lets_no_column_of_it_be_changed_nor_the_row_removed(model):
    table, quote = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name
    statements = [
        *(f"UPDATE {table} SET {quote(f.column)} = {quote(f.column)}" for f in model._meta.concrete_fields),
        f"DELETE FROM {table}",
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        row = a_row_of(model)
        for statement in statements:
            with pytest.raises(DatabaseError, match=r"append-only|never changed or removed"), transaction.atomic():
                cursor.execute(statement)
        assert model._base_manager.filter(pk=row.pk).count() == 1
        # The row refers to others that are not there.
        transaction.set_rollback(True)


@pytest.mark.parametrize("model", INSERT_ONLY, ids=lambda model: model._meta.label_lower)
def test_the_model_refuses_before_the_database_is_asked(model):
    with pytest.raises(TypeError, match="never changed"):
        model(pk=1).save()
    with pytest.raises(TypeError, match="never removed"):
        model(pk=1).delete()
