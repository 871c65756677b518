"""The whole store: encrypted where it lies, given a new key, and what cannot be read said at every door."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import AuditEvent, Verb
from screening import storage_places as places
from screening.gpu_tasks import failure_words
from screening.models import Instance
from screening.phantoms.headers import as_bytes
from screening.services import keeping
from screening.services.backup import missing_objects
from screening.services.ingest import ingest_instance
from screening.services.inputs import study_input
from screening.storage import LocalStorage, UnreadableObject, check_keys, storage
from screening.storage_keys import new_key, read_keys
from tests.ingest.images import ct_series

pytestmark = pytest.mark.django_db
OLD, NEW = new_key(), new_key()
OBJECTS = [bytes([number]) * (1000 + number) for number in range(12)]


def run(name: str, *arguments: str) -> dict[str, object]:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return json.loads(out.getvalue())


def kept() -> dict[bool, set[str]]:
    """Keys by whether they lie encrypted."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for shard in places.shards(storage().root):
        for key, sealed in places.objects_in(shard):
            found[sealed].add(key)
    return found


def contents(key: str) -> bytes:
    with storage().open_range(key) as stream:
        return stream.read()


@pytest.fixture
def plain(settings) -> list[str]:
    """Objects from before there was a key."""
    settings.STORAGE_KEY = ""
    keys = [storage().put(data) for data in OBJECTS]
    settings.STORAGE_KEY = OLD
    return keys


def test_plain_objects_are_encrypted_in_steps_and_stay_what_they_are(plain):
    assert run("encrypt_store", "--limit", "5") == {"encrypted": 5, "failed": [], "complete": False}
    assert len(kept()[True]) == 5 and len(kept()[False]) == 7
    assert [contents(key) for key in plain] == OBJECTS, "both kinds are read side by side"
    assert run("encrypt_store") == {"encrypted": 7, "failed": [], "complete": True}
    assert run("encrypt_store") == {"encrypted": 0, "failed": [], "complete": True}
    assert kept() == {True: set(plain), False: set()}
    assert [contents(key) for key in plain] == OBJECTS
    events = AuditEvent.objects.filter(verb=Verb.STORE_ENCRYPTED).order_by("pk")
    assert [event.detail["objects"] for event in events] == [5, 7, 0]


def test_what_is_damaged_is_left_named_and_stops_no_other(plain, capsys):
    storage()._path(plain[3]).write_bytes(b"damaged")
    with pytest.raises(SystemExit):
        call_command("encrypt_store")
    assert json.loads(capsys.readouterr().out) == {"encrypted": 11, "failed": [plain[3]], "complete": False}
    assert storage()._path(plain[3]).read_bytes() == b"damaged"
    assert plain[3] in places.faults(storage().root)


def test_without_a_key_nothing_is_begun(settings):
    settings.STORAGE_KEY = ""
    for name in ("encrypt_store", "rotate_storage_keys"):
        with pytest.raises(CommandError, match="There is no key"):
            call_command(name)


def test_keys_are_rotated_in_steps_while_old_and_new_are_read(plain, settings):
    run("encrypt_store")
    settings.STORAGE_KEY = f"{NEW}\n{OLD}"
    later = storage().put(b"an image that came since")
    assert run("rotate_storage_keys", "--limit", "5")["complete"] is False
    assert [contents(key) for key in (*plain, later)] == [*OBJECTS, b"an image that came since"]
    settings.STORAGE_KEY = NEW
    with pytest.raises(ImproperlyConfigured, match="which STORAGE_KEY does not hold"):
        check_keys()
    settings.STORAGE_KEY = f"{NEW}\n{OLD}"
    assert run("rotate_storage_keys") == {"rewrapped": 7, "failed": [], "complete": True}
    settings.STORAGE_KEY = NEW
    check_keys()
    assert [contents(key) for key in plain] == OBJECTS
    assert keeping.keys_in_use(storage()) == {read_keys(NEW).ids[0]}


def test_after_a_rotation_nothing_starts_with_the_old_key_alone(plain, settings):
    run("encrypt_store")
    settings.STORAGE_KEY = f"{NEW}\n{OLD}"
    run("rotate_storage_keys")
    settings.STORAGE_KEY = OLD
    with pytest.raises(ImproperlyConfigured, match=read_keys(NEW).ids[0]):
        check_keys()


def test_the_old_key_is_asked_for_as_long_as_one_object_cannot_be_given_the_new_one(plain, settings):
    run("encrypt_store")
    path = storage().sealed_path(plain[0])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    settings.STORAGE_KEY = f"{NEW} {OLD}"
    with pytest.raises(SystemExit):
        call_command("rotate_storage_keys", stdout=StringIO())
    settings.STORAGE_KEY = NEW
    with pytest.raises(ImproperlyConfigured, match="which STORAGE_KEY does not hold"):
        check_keys()


def test_a_new_key_is_printed_and_is_one():
    out = StringIO()
    call_command("new_storage_key", stdout=out)
    assert read_keys(out.getvalue()) is not None


@pytest.fixture
def encrypted(settings, north) -> list[Instance]:
    """Two studies of three images, encrypted."""
    settings.STORAGE_KEY = OLD
    for series in (ct_series(3, key="one", side=256), ct_series(3, key="two", side=256)):
        for dataset in series:
            result = ingest_instance(data=as_bytes(dataset), source="test", site=north, actor=None)
            assert result.result == "stored", result.reason
    return list(Instance.objects.order_by("series__study_id", "number").select_related("series__study"))


def damage(instance: Instance) -> None:
    path = storage().sealed_path(instance.sha256)
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(bytes(data))


def addresses(instance: Instance) -> list[str]:
    study, series = instance.series.study.study_uid, instance.series.series_uid
    whole = f"/dicomweb/studies/{study}/series/{series}/instances/{instance.sop_uid}"
    return [f"{whole}/frames/1", f"{whole}/rendered", reverse("api-instance-file", args=(instance.sop_uid,))]


def answer(client, address: str) -> tuple[int, bytes]:
    found = client.get(address, headers={"Accept": "*/*"} if "rendered" not in address else {"Accept": "image/png"})
    return found.status_code, b"".join(found.streaming_content) if found.streaming else found.content


def test_a_tampered_image_is_said_and_counted_and_others_are_unaffected(client, reader, encrypted):
    client.force_login(reader)
    broken, same_study, other_study = encrypted[0], encrypted[1], encrypted[3]
    damage(broken)
    status, body = answer(client, addresses(broken)[1])
    assert (status, json.loads(body)["detail"][:33]) == (503, "A stored image cannot be read. Th")
    for address in (addresses(broken)[0], addresses(broken)[2]):
        # The answer had begun: it breaks off.
        with pytest.raises(UnreadableObject):
            answer(client, address)
    for instance in (same_study, other_study):
        for address in addresses(instance):
            status, body = answer(client, address)
            assert status == 200 and len(body) > 100
    assert list(places.faults(storage().root)) == [broken.sha256]
    assert list(missing_objects()) == [broken.sha256]


def test_without_the_key_every_image_is_said_to_be_unreadable(client, reader, encrypted, settings):
    client.force_login(reader)
    settings.STORAGE_KEY = NEW
    for address in addresses(encrypted[0])[1:]:
        status, body = answer(client, address)
        assert status == 503 and b"cannot be read" in body
        assert OLD.encode() not in body and encrypted[0].sha256.encode() not in body


def test_a_run_over_an_unreadable_image_fails_with_a_sentence(encrypted):
    damage(encrypted[0])
    with pytest.raises(UnreadableObject) as caught:
        study_input(encrypted[0].series.study).instances[0].read()
    assert failure_words(caught.value) == "A stored image of this study cannot be read."
    assert len(study_input(encrypted[3].series.study).instances) == 3


def test_sending_it_again_mends_a_tampered_image_and_it_is_no_longer_counted(encrypted, north):
    with storage().open_range(encrypted[0].sha256) as stream:
        data = stream.read()
    damage(encrypted[0])
    with pytest.raises(UnreadableObject):
        contents(encrypted[0].sha256)
    assert keeping.look_again() == (0, 1)
    assert ingest_instance(data=data, source="test", site=north, actor=None).result == "duplicate"
    assert contents(encrypted[0].sha256) == data
    assert keeping.look_again() == (1, 0)
    assert places.faults(storage().root) == {}


def test_nothing_of_an_encrypted_store_tells_what_is_in_it(encrypted):
    bodies = b"".join(path.read_bytes() for path in storage().root.rglob("*") if path.is_file())
    assert b"DICM" not in bodies
    assert encrypted[0].series.study.study_uid.encode() not in bodies
    assert isinstance(storage(), LocalStorage)
