"""Where a person lands, and what stands there when nothing does."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Membership
from screening.models import Study

FIRST = {"reader": "worklist", "technologist": "worklist", "administrator": "worklist", "auditor": "audit"}


@pytest.mark.parametrize("role", FIRST)
def test_the_bare_address_leads_to_the_first_page_of_a_role(client, request, role):
    client.force_login(request.getfixturevalue(role))
    assert client.get("/")["Location"] == reverse(FIRST[role])


def test_a_person_without_a_role_is_told_whom_to_ask(client, make_user):
    client.force_login(make_user("newcomer"))
    page = client.get("/")
    assert page.status_code == 200
    assert "Ask an administrator of your site to give one to newcomer." in page.content.decode()


def test_after_sending_the_page_learns_what_became_of_the_studies(client, north, south, make_study, technologist):
    done = make_study(north, programme="lung", closed_at="2026-11-21T12:00:00Z")
    coming, elsewhere = make_study(north, images=1), make_study(south)
    client.force_login(technologist)
    asked = {"study": [done.study_uid, coming.study_uid, elsewhere.study_uid, "1.2.3"], "site": "north"}
    told = client.get(reverse("upload-arrived"), asked).json()["studies"]
    assert [(one["patient"], one["what"], one["state"], one["receiving"]) for one in told] == [
        ("TESTPATIENT, Number1", "CT · 2 images", "complete · Lung", False),
        ("TESTPATIENT, Number2", "CT · 1 image", "waiting for more images", True),
    ]


def test_who_may_upload_nowhere_learns_of_no_study(client, north, make_study, technologist):
    study = make_study(north)
    client.force_login(technologist)
    Membership.objects.filter(user=technologist).update(role="reader")
    assert client.get(reverse("upload-arrived"), {"study": study.study_uid}).status_code == 403
    assert Study.objects.exists()
