"""Every URL × role × own or other site, each cell a test of its own; a URL without a row fails.

A cell is the status of the answer: 302 to sign-in (pages) or 401/403 (API) for nobody, 404 for
what is out of sight, 403 for what a role may not do, and otherwise what the act answers.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.services.invitations import invite
from reports.services import drafting
from screening.models import Instance, Study
from screening.phantoms.headers import as_bytes
from screening.selectors.registry import active_row
from screening.storage import storage
from tests.ingest.images import ct
from tests.permissions_privacy import privacy_arguments
from tests.permissions_table import CAST, OK, TABLE
from tests.permissions_world import due_tasks, own_layout, own_token, unfit_order


def url_names(patterns=None) -> set[str]:
    """Every named URL of the project; Django's admin is tested as a whole below."""
    names = set()
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                names |= url_names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern.pattern} has no name"
            names.add(pattern.name)
    return names


def test_every_url_has_a_row_and_every_row_a_url():
    assert url_names() == set(TABLE)


def below(study: str, series: str, image: str) -> dict[str, list]:
    return {"series": [study, series], "object": [study, series, image], "frames": [study, series, image, "1"]}


@pytest.fixture
def world(north, reader, trainee, technologist, administrator, auditor, stranger, make_user, make_study):
    """One study with an image and a report at the north site, and everybody."""
    study = make_study(north, images=1, status="TO_READ", programme="lung")
    data = as_bytes(ct())
    Instance.objects.filter(series__study=study).update(sha256=storage().put(data), size=len(data))
    report = drafting.ensure_report(study=study)
    now = timezone.now()
    earlier = make_study(north, status="REPORTED", study_at=now - timedelta(days=365))
    Study.objects.filter(pk=study.pk).update(study_at=now)
    Study.objects.filter(pk=earlier.pk).update(patient=study.patient)
    people = {
        "reader": reader,
        "trainee": trainee,
        "technologist": technologist,
        "administrator": administrator,
        "auditor": auditor,
        "stranger": stranger,
        "inactive": make_user("gone", "reader", north, is_active=False),
    }
    other = make_user("somebody", "reader", north)
    model = active_row("lung")
    return {
        "people": people,
        "arguments": {
            "": [],
            "study": [study.study_uid],
            "instance": [f"{study.study_uid}.1.1"],
            **below(study.study_uid, f"{study.study_uid}.1", f"{study.study_uid}.1.1"),
            "prior": [study.study_uid, earlier.study_uid],
            "kind": ["lung"],
            "layout": [own_layout(reader).pk, "choose"],
            "report": [report.pk],
            **due_tasks(drafting.ensure_report(study=make_study(north, programme="lung")), reader),
            **privacy_arguments(study, earlier, administrator),
            "form": ["csv"],
            "report form": [report.pk, "fhir"],
            "token": [own_token(reader).pk],
            "mismatch": [unfit_order(study).pk],
            "user": [other.pk],
            "passkey": [Authenticator.objects.create(user=other, type="webauthn", data={"name": "Stick"}).pk],
            "invitation": [invite(actor=administrator, user=other)],
            "site": [north.slug],
            "study number": [study.pk],
            "model": [model.name, model.version],
            "model file": [model.name, model.version, "seen.json"],
        },
    }


def ask(world, name: str, who: str):
    client = Client(raise_request_exception=False)
    if who != "anonymous":
        client.force_login(world["people"][who])
    return asked(client, world, name)


def asked(client: Client, world, name: str):
    row = TABLE[name]
    url = reverse(name, args=world["arguments"][row.arguments])
    if row.method == "get":
        answer = client.get(url)
    elif name == "api-instances":
        answer = client.post(url, b"not dicom", content_type="application/dicom")
    elif row.arguments == "report":
        answer = client.post(url, {}, content_type="application/json")
    else:
        answer = client.post(url)
    if answer.streaming:
        answer.getvalue()
        for close in answer._resource_closers:  # the file; `answer.close()` would end the test's connection
            close()
    return answer


def expected(name: str, who: str) -> set[int]:
    row = TABLE[name]
    if row.public:
        return {row.allowed[who]}
    if who in ("anonymous", "inactive"):
        return {401, 403} if row.api else {302}
    if who == "stranger":
        if row.arguments and row.arguments != "user" and row.open_to_stranger is None:
            return {404}
        return {row.open_to_stranger or 403}
    if who in row.allowed:
        return {row.allowed[who]}
    if who in row.hidden:
        return {404}
    return {403}


CELLS = [(name, who) for name in sorted(TABLE) for who in CAST]


@pytest.mark.parametrize(("name", "who"), CELLS, ids=[f"{name}-{who}" for name, who in CELLS])
def test_a_cell_of_the_matrix(world, name, who):
    answer = ask(world, name, who)
    assert answer.status_code in expected(name, who)
    if answer.status_code == 302 and who in ("anonymous", "inactive") and not TABLE[name].public:
        assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("who", CAST)
def test_django_admin_lets_in_no_role_of_the_product(world, who):
    client = Client()
    if who != "anonymous":
        client.force_login(world["people"][who])
    answer = client.get("/admin/")
    assert answer.status_code == 302 and "/admin/login/" in answer["Location"]


@pytest.mark.parametrize("name", ["reading-room", "api-study", "api-findings", "api-instance-file", "api-report"])
def test_a_role_that_is_taken_away_is_gone_at_the_next_request(world, name):
    assert ask(world, name, "reader").status_code == OK
    Membership.objects.filter(user=world["people"]["reader"]).delete()
    assert ask(world, name, "reader").status_code in (403, 404)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.arguments not in ("", "user")])
def test_a_stranger_is_told_the_same_as_of_something_that_never_was(world, name):
    """No answer tells another site's object from one that does not exist."""
    there = ask(world, name, "stranger")
    world["arguments"] |= {"study": ["1.2.3.4"], "instance": ["1.2.3.4"], "report": [999_999]}
    world["arguments"] |= {"communication": [999_999, "tell"], "follow-up": [999_999]}
    world["arguments"] |= {"target": [999_999], "delivery": [999_999], "token": [999_999]}
    world["arguments"] |= {"model": ["no-model", "1.0.0"], "model file": ["no-model", "1.0.0", "seen.json"]}
    world["arguments"] |= below("1.2.3.4", "1.2.3.5", "1.2.3.6")
    nowhere = ask(world, name, "stranger")
    assert (there.status_code, _without_token(there)) == (nowhere.status_code, _without_token(nowhere))


def _without_token(answer) -> bytes:
    return b"\n".join(line for line in answer.content.split(b"\n") if b"csrfmiddlewaretoken" not in line)
