"""A new installation has nobody who could add anybody: one command makes the first, and never a second."""

from __future__ import annotations

from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEvent, Membership, Site, User
from accounts.roles import Role

WORDS = ("west", "West Hospital", "mara", "mara@example.org")


def made(*words: str) -> str:
    out = StringIO()
    call_command("first_administrator", *(words or WORDS), stdout=out)
    return out.getvalue().strip()


def test_the_first_administrator_chooses_a_password_by_the_link_and_manages_users(db, settings):
    settings.PUBLIC_URL = "https://firstread.example.org"
    link = made()
    assert link.startswith("https://firstread.example.org/accounts/invitation/")
    client = Client()
    page = client.get(urlsplit(link).path, follow=True)
    assert page.status_code == 200
    user = User.objects.get(username="mara")
    assert not user.has_usable_password()
    assert list(Membership.objects.filter(user=user).values_list("site__slug", "role")) == [
        ("west", Role.ADMINISTRATOR)
    ]
    assert not (user.is_superuser or user.is_staff)


def test_the_trail_says_that_a_command_made_them_and_holds_no_link(db):
    link = made()
    events = AuditEvent.objects.filter(verb__in=("user_created", "user_invited"))
    assert sorted((event.verb, event.actor, event.site.slug) for event in events) == [
        ("user_created", None, "west"),
        ("user_invited", None, "west"),
    ]
    assert link.rstrip("/").rpartition("/")[2] not in str([event.detail for event in events])


def test_a_site_that_has_an_administrator_gets_none_by_command(db):
    made()
    with pytest.raises(CommandError, match="adds other people"):
        made("west", "West", "second", "second@example.org")
    assert Membership.objects.count() == 1


def test_where_the_last_administrator_was_deactivated_there_may_be_another(db):
    made()
    User.objects.update(is_active=False)
    assert made("west", "West", "second", "second@example.org")


def test_a_name_that_is_taken_is_refused_and_makes_no_site(db, make_user):
    make_user("mara")
    with pytest.raises(CommandError, match="user of this name"):
        made("west", "West", "MARA", "m@example.org")
    assert not Site.objects.filter(slug="west").exists()
