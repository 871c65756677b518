"""Settings of signing in that cannot be meant stop the start."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks


def found() -> set[str | None]:
    return {each.id for each in run_checks() if (each.id or "").startswith("accounts.")}


def test_what_is_set_by_default_is_in_order():
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SECOND_FACTOR_ROLES", ["administrator", "admin"], "accounts.E001"),
        ("SESSION_IDLE_SECONDS", 0, "accounts.E002"),
        ("SESSION_LONGEST_SECONDS", 600, "accounts.E002"),
        ("BREACHED_PASSWORDS", "/no/such/list", "accounts.E003"),
    ],
)
def test_what_cannot_be_meant_is_named(settings, name, value, told):
    setattr(settings, name, value)
    assert found() == {told}
