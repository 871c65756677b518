"""Every address of DICOMweb × role × own site, other site, nowhere: what another site has is as if it were not there.

The addresses are taken from the table of addresses itself, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from itertools import product

import pytest
from django.test import Client
from django.urls import reverse

from screening.dicomweb.urls import urlpatterns
from screening.models import Instance, Study
from screening.phantoms.headers import as_bytes
from screening.services.ingest import ingest_instance
from tests.dicomweb.conftest import related
from tests.ingest.images import ct_series

pytestmark = pytest.mark.django_db
PEOPLE = ("nobody", "reader", "trainee", "technologist", "administrator", "auditor")
SEES_IMAGES = ("reader", "trainee", "technologist")
PLAIN = "transfer-syntax=1.2.840.10008.1.2.1"
ACCEPTS = (
    "*/*",
    "application/dicom+json",
    f"application/dicom; {PLAIN}",
    f'multipart/related; type="application/octet-stream"; {PLAIN}',
    "image/png",
)
SECRETS = (b"QZNAME", b"QZID", b"QZACC", b"QZSTUDY", b"QZSERIES")
Ids = dict[str, str]


def routes() -> list[tuple[str, tuple[str, ...], bool]]:
    """(name, the names of its arguments in order, is it a POST) of every address."""
    return [
        (str(each.name), tuple(each.pattern.converters), str(each.name).endswith("store"))  # type: ignore[union-attr]
        for each in urlpatterns
    ]


OBJECTS = [(name, names) for name, names, post in routes() if names and not post]
SEARCHES = [name for name, names, post in routes() if not names and not post]


def _stored(site, key: str, mark: str) -> Ids:
    for dataset in ct_series(2, key=key):
        dataset.PatientName, dataset.PatientID, dataset.AccessionNumber = f"{mark}NAME^X", f"{mark}ID", f"{mark}ACC"
        dataset.StudyDescription, dataset.SeriesDescription = f"{mark}STUDY", f"{mark}SERIES"
        assert ingest_instance(data=as_bytes(dataset), source="api", site=site, actor=None).result == "stored"
    image = Instance.objects.filter(site=site).select_related("series__study").order_by("number")[0]
    series = image.series
    uids = {"study_uid": series.study.study_uid, "series_uid": series.series_uid, "sop_uid": image.sop_uid}
    return uids | {"frames": "1"}


@pytest.fixture
def own(north) -> Ids:
    return _stored(north, "own", "OWN")


@pytest.fixture
def other(south) -> Ids:
    return _stored(south, "other", "QZ")


@pytest.fixture
def nowhere(other) -> Ids:
    """UIDs that nothing has, of the same length."""
    turned = str.maketrans("123456789", "987654321")
    return {name: uid[:-12] + uid[-12:].translate(turned) for name, uid in other.items()} | {"frames": "1"}


@pytest.fixture
def client_of(request):
    def sign_in(who: str) -> Client:
        client = Client(raise_request_exception=False)
        if who != "nobody":
            client.force_login(request.getfixturevalue(who))
        return client

    return sign_in


def _address(name: str, names: tuple[str, ...], ids: Ids) -> str:
    return reverse(name, args=[ids[each] for each in names])


def _told(answer, *asked: Ids) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Status, body and headers, without what was in the request and without the request's own number."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = [(name, value) for name, value in answer.items() if name not in ("X-Request-Id", "Date")]
    said = (answer.status_code, body, headers)
    for ids in asked:
        for name, uid in ids.items():
            if name != "frames":
                body = body.replace(uid.encode(), name.encode())
                headers = [(header, value.replace(uid, name)) for header, value in headers]
    assert not [secret for secret in SECRETS if secret in body + repr(headers).encode()], said
    return answer.status_code, body, sorted(headers)


def test_every_address_is_in_one_of_the_three_kinds():
    posted = [name for name, _names, post in routes() if post]
    assert len(OBJECTS) + len(SEARCHES) + len(posted) == len(urlpatterns)
    assert len(OBJECTS) >= 18 and len(SEARCHES) == 3 and len(posted) == 2


@pytest.mark.parametrize("who", PEOPLE)
def test_another_sites_object_is_told_from_nothing_by_no_address(client_of, own, other, nowhere, who):
    client = client_of(who)
    # Also below a study of one's own, and one's own images below a study of the other's.
    below = [{name: ids[name] for name in ("series_uid", "sop_uid")} for ids in (other, nowhere)]
    pairs = [
        (other, nowhere),
        (own | below[0], own | below[1]),
        *((own | {name: other[name]}, own | {name: nowhere[name]}) for name in ("study_uid", "sop_uid")),
    ]
    asked = [(pairs[0], accept, "") for accept in ACCEPTS]
    asked += [(pairs[0], "*/*", "?site=south"), *((pair, "*/*", "") for pair in pairs[1:])]
    differ = []
    for (name, names), (pair, accept, site) in product(OBJECTS, asked):
        if [pair[0][each] for each in names] == [pair[1][each] for each in names]:
            continue  # this address names nothing but one's own
        there, absent = (
            _told(client.get(_address(name, names, ids) + site, headers={"Accept": accept}), ids) for ids in pair
        )
        if there != absent or there[0] not in (401, 403, 404, 406):
            differ.append((name, accept, site, there, absent))
    assert not differ, differ[:3]


@pytest.mark.parametrize("who", PEOPLE)
def test_ones_own_sites_object_is_given_to_whom_the_role_allows(client_of, own, other, who):
    client = client_of(who)
    wrong = []
    for name, names in OBJECTS:
        status = _told(client.get(_address(name, names, own)))[0]
        # An auditor sees no study, so none of it is there for them.
        expected = {200} if who in SEES_IMAGES else {401, 403} if who in ("nobody", "administrator") else {404}
        if status not in expected:
            wrong.append((name, status))
    assert not wrong


@pytest.mark.parametrize("who", PEOPLE)
def test_no_search_finds_or_counts_what_another_site_has(client_of, own, other, nowhere, who):
    client = client_of(who)
    asked = [{"StudyInstanceUID": ids["study_uid"]} for ids in (other, nowhere)]
    asked += [{"SeriesInstanceUID": ids["series_uid"]} for ids in (other, nowhere)]
    asked += [{"PatientID": value} for value in ("QZID", "ZQID")]
    asked += [{"PatientName": value} for value in ("QZNAME*", "ZQNAME*")]
    asked += [{"AccessionNumber": value} for value in ("QZACC", "ZQACC")]
    asked += [{"site": value} for value in ("south", "atlantis")]
    for name in SEARCHES:
        for there, absent in zip(asked[::2], asked[1::2], strict=True):
            answers = [_told(client.get(reverse(name), each), other, nowhere) for each in (there, absent)]
            assert answers[0] == answers[1], (name, there)
        everything = client.get(reverse(name), {"includefield": "all", "limit": "5000"})
        assert _told(everything)[0] in ((200,) if who in SEES_IMAGES else (401, 403))
        assert not [uid for uid in other.values() if len(uid) > 5 and uid.encode() in everything.content]


@pytest.mark.parametrize("who", [who for who in PEOPLE if who != "technologist"])
def test_who_may_not_upload_learns_nothing_by_storing(client_of, own, other, nowhere, who):
    client = client_of(who)
    data, content_type = related([as_bytes(ct_series(1, key="new")[0])])
    before = Instance.objects.count()
    told = [
        _told(client.post(url, data, content_type=content_type), ids)
        for ids in (other, nowhere)
        for url in (reverse("dicomweb-store"), reverse("dicomweb-study-store", args=[ids["study_uid"]]))
    ]
    assert told[0] == told[2] and told[1] == told[3]
    assert {answer[0] for answer in told} <= {401, 403}
    assert Instance.objects.count() == before


def test_an_image_with_another_sites_uids_is_stored_like_any_new_one(client_of, north, other):
    """No conflict is told that only somebody who knows the other site could know of."""
    client = client_of("technologist")
    answers = []
    for key in ("other", "new"):
        first = ct_series(1, key=key)[0]
        ids = {"study_uid": first.StudyInstanceUID, "series_uid": first.SeriesInstanceUID}
        ids["sop_uid"] = first.SOPInstanceUID
        data, content_type = related([as_bytes(first)])
        answers.append(_told(client.post(reverse("dicomweb-store"), data, content_type=content_type), ids))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert Study.objects.filter(study_uid=other["study_uid"]).count() == 2
    data, content_type = related([as_bytes(ct_series(1, key="new", seed=2)[0])])
    told = [
        _told(client.post(f"{reverse('dicomweb-store')}?site={slug}", data, content_type=content_type))
        for slug in ("south", "atlantis")
    ]
    assert told[0] == told[1] and told[0][0] == 403
