"""The administrator's page of erasures: looked up, held, erased with a password; nobody else's studies."""

# ruff: noqa: F811  fixtures of the cast are asked for by name

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from screening.models import Erasure, LegalHold, Study
from tests.conftest import PASSWORD
from tests.reports.erasing_cast import NAME, REASON, SECRET, written  # noqa: F401  fixtures


@pytest.fixture
def page(client, administrator):
    client.force_login(administrator)
    return client


def fields(study, **more):
    return {"study": study.study_uid, "site": study.site.slug, "reason": REASON, "password": PASSWORD, **more}


def test_the_page_shows_what_would_go_and_nothing_of_its_content(page, written):
    shown = page.get(reverse("erasures"), {"study": written.study.study_uid}).content.decode()
    assert 'value="report"' in shown and 'value="study"' in shown
    for text in (SECRET, NAME, "ERASEME"):
        assert text not in shown
    assert "There is no such study" in page.get(reverse("erasures"), {"study": "1.2.3"}).content.decode()


def test_an_erasure_needs_the_password_a_reason_and_a_choice(page, written):
    url = reverse("erasures-erase")
    for wrong, words in (
        ({"password": "wrong"}, "The password is not right."),
        ({"reason": "no"}, "Give a reason"),
        ({"scope": ""}, "Choose what is to be erased."),
    ):
        answer = page.post(url, fields(written.study, scope="report") | wrong)
        assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert not Erasure.objects.exists()
    assert page.post(url, fields(written.study, scope="report")).status_code == 302
    listed = page.get(reverse("erasures")).content.decode()
    assert REASON in listed and written.study.study_uid in listed
    assert AuditEvent.objects.get(verb=Verb.CONTENT_ERASED).detail["scope"] == "report"
    again = page.get(reverse("erasures"), {"study": written.study.study_uid}).content.decode()
    assert 'value="report"' not in again and 'value="study"' in again
    assert page.post(url, fields(written.study, scope="study")).status_code == 302
    assert Study.objects.get().erased_at
    assert page.post(url, fields(written.study, scope="study")).status_code == 404


def test_a_hold_is_set_shown_and_lifted(page, written):
    url = reverse("erasures-hold")
    assert page.post(url, fields(written.study, act="set", reason="")).status_code == 400
    assert page.post(url, fields(written.study, act="set")).status_code == 302
    shown = page.get(reverse("erasures"), {"study": written.study.study_uid}).content.decode()
    assert "On legal hold" in shown and "Erase for good" not in shown
    refused = page.post(reverse("erasures-erase"), fields(written.study, scope="study"))
    assert "legal hold" in refused.content.decode()
    assert page.post(url, fields(written.study, act="lift")).status_code == 302
    assert page.post(url, fields(written.study, act="lift")).status_code == 400
    assert LegalHold.objects.get().lifted_at


def test_an_administrator_of_another_site_finds_nothing(client, written, make_user, south):
    client.force_login(make_user("far", "administrator", south))
    assert (
        "There is no such study" in client.get(reverse("erasures"), {"study": written.study.study_uid}).content.decode()
    )
    for name in ("erasures-erase", "erasures-hold"):
        assert client.post(reverse(name), fields(written.study, scope="study")).status_code == 404
    assert not Erasure.objects.exists()
