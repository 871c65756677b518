"""Sites in the product's own pages: made, renamed and set up by those who administer them."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent, Membership, Site, Verb
from accounts.roles import Role
from accounts.services import SiteConflict, change_site, create_site
from accounts.services.sites import FIELDS

WAYS = {"sign_with": "each", "hold_back_ai": "programme"}


def seen(site: Site) -> dict[str, str]:
    return {f"seen-{name}": str(getattr(site, name)) for name in FIELDS}


def test_the_list_shows_the_sites_one_administers_and_no_other(client, north, south, administrator, reader):
    client.force_login(administrator)
    page = client.get("/settings/").content.decode()
    assert "North Clinic" in page
    assert "South Hospital" not in page
    assert [site.people for site in client.get("/settings/").context["sites"]] == [2]


def test_a_new_site_is_administered_by_who_made_it(client, north, administrator):
    client.force_login(administrator)
    answer = client.post("/settings/sites/new/", {"name": "East Unit", "slug": "East", **WAYS})
    assert answer.status_code == 302
    site = Site.objects.get(slug="east")
    assert Membership.objects.get(site=site).user == administrator
    assert Membership.objects.get(site=site).role == Role.ADMINISTRATOR
    event = AuditEvent.objects.get(verb=Verb.SITE_CREATED)
    assert (event.site, event.object_id, event.detail["name"]) == (site, "east", "East Unit")


@pytest.mark.parametrize("slug", ["north", "NORTH", "has space", "", "x" * 51])
def test_a_short_name_that_is_taken_or_is_none_makes_no_site(client, north, administrator, slug):
    client.force_login(administrator)
    answer = client.post("/settings/sites/new/", {"name": "Another", "slug": slug, **WAYS})
    assert answer.status_code == 400
    assert Site.objects.count() == 1


def test_a_site_is_renamed_and_set_up_with_what_it_was_in_the_audit_trail(client, north, administrator):
    client.force_login(administrator)
    body = {"name": "North", "sign_with": "recent", "hold_back_ai": "always", **seen(north)}
    assert client.post("/settings/sites/north/", body).status_code == 302
    north.refresh_from_db()
    assert (north.name, north.sign_with, north.hold_back_ai) == ("North", "recent", "always")
    event = AuditEvent.objects.get(verb=Verb.SITE_CHANGED)
    assert event.detail["sign_with"] == {"was": "each", "now": "recent"}
    assert set(event.detail) == {"name", "sign_with", "hold_back_ai"}


def test_saving_without_a_change_says_nothing_in_the_audit_trail(north, administrator):
    assert not change_site(actor=administrator, site=north, name=north.name, **WAYS)
    assert not AuditEvent.objects.filter(verb=Verb.SITE_CHANGED).exists()


def test_of_two_administrators_the_later_is_told_and_changes_nothing(client, north, administrator):
    client.force_login(administrator)
    old = seen(north)
    change_site(actor=administrator, site=north, name=north.name, sign_with="recent", hold_back_ai="programme")
    answer = client.post("/settings/sites/north/", {"name": "Mine", **WAYS, **old})
    assert answer.status_code == 409
    assert "Somebody else" in answer.content.decode()
    north.refresh_from_db()
    assert (north.name, north.sign_with) == ("North Clinic", "recent")
    with pytest.raises(SiteConflict):
        change_site(actor=administrator, site=north, name="Mine", seen=tuple(old.values()), **WAYS)


def test_a_site_that_one_does_not_administer_is_out_of_sight(client, north, south, administrator, reader):
    client.force_login(administrator)
    assert client.get("/settings/sites/south/").status_code == 404
    assert client.post("/settings/sites/south/", {"name": "Mine", **WAYS}).status_code == 404
    with pytest.raises(PermissionDenied):
        change_site(actor=administrator, site=south, name="Mine", **WAYS)
    with pytest.raises(PermissionDenied):
        create_site(actor=reader, slug="mine", name="Mine", **WAYS)
    south.refresh_from_db()
    assert south.name == "South Hospital"


def test_an_unknown_way_is_refused(client, north, administrator):
    client.force_login(administrator)
    body = {"name": "North", "sign_with": "never", "hold_back_ai": "always"}
    assert client.post("/settings/sites/north/", body).status_code == 400
    with pytest.raises(ValueError, match="never"):
        change_site(actor=administrator, site=north, **body)
    with pytest.raises(ValidationError):
        create_site(actor=administrator, slug="no good", name="x", **WAYS)
