"""What the administrator is told of the store: how much, how it is kept, and what cannot be read."""

from __future__ import annotations

import pytest
from django.urls import reverse

from screening import storage_places as places
from screening.metrics import exposition
from screening.models import Instance
from screening.selectors import storing
from screening.storage import UnreadableObject, storage
from screening.storage_keys import new_key, read_keys

pytestmark = pytest.mark.django_db
OLD, NEW = new_key(), new_key()


@pytest.fixture
def page(client, administrator):
    client.force_login(administrator)
    return lambda: client.get(reverse("storage")).content.decode()


def stored(study, text: str) -> str:
    key = storage().put(text.encode())
    Instance.objects.filter(pk=Instance.objects.filter(series__study=study).first().pk).update(sha256=key, size=2048)
    return key


def damaged(study) -> str:
    key = stored(study, study.study_uid)
    path = storage().sealed_path(key)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UnreadableObject), storage().open_range(key) as stream:
        stream.read()
    return key


def test_an_empty_plain_store_says_so(page):
    told = page()
    assert "New images are not encrypted" in told
    assert "Nothing is stored yet." in told
    assert "Everything that was asked for could be read." in told


def test_the_share_and_the_keys_are_those_of_the_objects(page, settings):
    settings.STORAGE_KEY = ""
    storage().put(b"plain")
    settings.STORAGE_KEY = OLD
    storage().put(b"old")
    settings.STORAGE_KEY = f"{NEW} {OLD}"
    storage().put(b"new")
    storage().put(b"newer")
    old, new = read_keys(OLD).ids[0], read_keys(NEW).ids[0]
    found = storing.encryption()
    assert (found.looked_at, found.encrypted, found.share, found.whole) == (4, 3, 75, True)
    assert (found.current, found.keys) == (new, {new: 2, old: 1})
    told = page()
    assert (
        "3 of 4 stored objects are encrypted (75 %)." in told and "encrypt_store" in told and "rotate_storage" in told
    )
    for key in (OLD, NEW):
        assert key not in told
    settings.STORAGE_KEY = NEW
    assert "missing: these objects cannot be read" in page()


def test_of_many_objects_some_are_looked_at(settings, monkeypatch):
    monkeypatch.setattr(storing, "LOOKED_AT", 10)
    settings.STORAGE_KEY = OLD
    for number in range(30):
        storage().put(b"%d" % number)
    found = storing.encryption()
    assert 10 <= found.looked_at < 30 and not found.whole and found.share == 100


def test_bytes_are_told_by_programme_of_the_own_sites_only(page, make_study, north, south):
    mine = make_study(north, programme="lung")
    Instance.objects.filter(series__study=mine).update(size=3 << 20)
    other = make_study(south, programme="brain")
    Instance.objects.filter(series__study=other).update(size=5 << 30)
    (kept,) = storing.kept_by_site([north])
    assert (kept.programme, kept.studies, kept.images, kept.size) == ("lung", 1, 2, 6 << 20)
    told = page()
    assert "6.0" in told and "5.0" not in told and "TESTPATIENT" not in told
    assert "everything is kept" in told


def test_what_cannot_be_read_is_counted_named_to_its_own_site_and_forgotten_when_mended(
    client, page, settings, make_study, north, south
):
    settings.STORAGE_KEY = OLD
    mine, other = make_study(north), make_study(south)
    keys = [damaged(mine), damaged(other)]
    told = page()
    assert "2 stored objects could not be read" in told
    assert mine.study_uid in told and other.study_uid not in told
    assert b"firstread_unreadable_objects 2.0" in exposition()
    storage().put(mine.study_uid.encode())
    answer = client.post(reverse("storage-look"), follow=True)
    assert "1 can be read again, 1 cannot." in answer.content.decode()
    assert list(places.faults(storage().root)) == keys[1:]
