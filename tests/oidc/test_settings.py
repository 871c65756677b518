"""What an operator sets for single sign-on: mistakes stop the start with a sentence, and roles follow the list."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.oidc import provider


@pytest.fixture
def given(settings):
    settings.OIDC_ISSUER = "https://login.example.org/realms/clinic"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "firstread", "secret"
    settings.OIDC_ROLES = ""
    return settings


def test_without_an_issuer_there_is_no_provider_whatever_else_is_set(given):
    given.OIDC_ISSUER, given.OIDC_ROLES = "", "{"
    assert provider() is None


ENTRY = {"value": "a", "site": "north", "role": "reader"}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OIDC_CLIENT_ID", "", "beside it"),
        ("OIDC_CLIENT_SECRET", "", "beside it"),
        ("OIDC_ISSUER", "http://login.example.org", "https://"),
        ("OIDC_ISSUER", "https://user:password@login.example.org", "https://"),
        ("OIDC_ISSUER", "ftp://login.example.org", "https://"),
        ("OIDC_ROLES", "{", "no JSON"),
        ("OIDC_ROLES", "[]", "an object"),
        ("OIDC_ROLES", {"rules": []}, "an object"),
        ("OIDC_ROLES", {"roles": {}}, "a list"),
        ("OIDC_ROLES", {"roles": [{"value": "a", "site": "north"}]}, "value, site and role"),
        ("OIDC_ROLES", {"roles": [ENTRY | {"role": "root"}]}, "a role is one of"),
        ("OIDC_ROLES", {"roles": [ENTRY | {"value": ""}]}, "a role is one of"),
        ("OIDC_ROLES", {"claim": 7}, "claim"),
        ("OIDC_ROLES", {"claim": []}, "claim"),
        ("OIDC_ROLES", {"replace_manual": "no"}, "true or false"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(given, name, value, sentence):
    setattr(given, name, value if isinstance(value, str) else json.dumps(value))
    with pytest.raises(ImproperlyConfigured, match=sentence):
        provider()


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"realm": {"groups": ["a", "b"]}}, {"north": "reader", "south": "auditor"}),
        ({"realm": {"groups": ["b"]}}, {"north": "trainee", "south": "auditor"}),
        ({"realm": {"groups": "a"}}, {"north": "reader"}),
        ({"realm": {"groups": ["A", 7, None, ["a"]]}}, {}),
        ({"realm": {"groups": {"a": True}}}, {"north": "reader"}),
        ({"realm": "a"}, {}),
        ({"groups": ["a"]}, {}),
        ({}, {}),
    ],
)
def test_roles_follow_the_first_entry_that_fits_for_a_site(given, claims, roles):
    rules = [("a", "north", "reader"), ("b", "north", "trainee"), ("b", "south", "auditor")]
    listed = [{"value": value, "site": site, "role": role} for value, site, role in rules]
    given.OIDC_ROLES = json.dumps({"claim": ["realm", "groups"], "roles": listed})
    assert provider().roles_of(claims) == roles


def test_an_address_of_this_machine_needs_no_tls(given):
    given.OIDC_ISSUER = "http://localhost:3000"
    assert provider().issuer == "http://localhost:3000"
