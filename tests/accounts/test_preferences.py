"""A person's own theme, size of type and keys: kept on the server, theirs alone, and on every page."""

from __future__ import annotations

import io
import json

import pytest
from django.urls import reverse

from accounts.keymap import ACTS
from accounts.models import AuditEvent, User, Verb
from accounts.services.preferences import FILE_BYTES, FORMAT


def keymap_of(answer) -> dict[str, list[str]]:
    return {act["name"]: act["keys"] for act in answer.context["keymap"]["acts"]}


def usual(**changes: str) -> dict[str, str]:
    return {act.name: " ".join(act.keys) for act in ACTS} | {
        name.replace("_", "-"): keys for name, keys in changes.items()
    }


@pytest.fixture
def signed_in(client, reader):
    client.force_login(reader)
    return client


def imported(client, content: object):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(reverse("preferences-keys-import"), {"file": io.BytesIO(data)}, follow=True)


def told(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def test_keys_that_a_person_chose_hold_on_every_page_and_for_nobody_else(signed_in, reader, trainee):
    answer = signed_in.post(reverse("preferences-keys"), usual(invert="é F2", normal=""))
    assert answer.status_code == 302
    for page in ("worklist", "preferences", "account_change_password"):
        keys = keymap_of(signed_in.get(reverse(page)))
        assert (keys["invert"], keys["normal"], keys["sign"]) == (["É", "F2"], [], ["Ctrl+Enter"])
    reader.refresh_from_db()
    assert reader.keys == {"invert": ["É", "F2"], "normal": []}
    signed_in.force_login(trainee)
    assert keymap_of(signed_in.get(reverse("worklist")))["invert"] == ["I"]


def test_a_collision_is_said_and_what_was_typed_stays(signed_in, reader):
    answer = signed_in.post(reverse("preferences-keys"), usual(invert="N"))
    assert answer.status_code == 400
    assert "N is wanted by “Invert the grey scale” and by “Normal text" in answer.content.decode()
    assert '<input id="act-invert" name="invert" value="N"' in answer.content.decode()
    assert keymap_of(answer)["invert"] == ["I"]
    assert User.objects.get(pk=reader.pk).keys == {}


def test_keys_can_all_be_put_back(signed_in, reader):
    signed_in.post(reverse("preferences-keys"), usual(invert="F9"))
    signed_in.post(reverse("preferences-keys-reset"))
    assert User.objects.get(pk=reader.pk).keys == {}


def test_a_map_travels_from_one_person_to_another_as_a_file(signed_in, reader, trainee):
    signed_in.post(reverse("preferences-keys"), usual(invert="F9"))
    export = signed_in.get(reverse("preferences-keys-export"))
    assert export["Content-Disposition"] == 'attachment; filename="firstread-keys.json"'
    file = export.json()
    assert file["format"] == FORMAT and file["keys"]["sign"] == ["Ctrl+Enter"]
    signed_in.force_login(trainee)
    assert "yours now" in told(imported(signed_in, export.content))
    assert User.objects.get(pk=trainee.pk).keys == {"invert": ["F9"]}


def test_an_act_of_another_version_is_left_out_and_named(signed_in, reader):
    answer = imported(signed_in, {"format": FORMAT, "keys": {"invert": ["F9"], "<b>teleport</b>": ["T"]}})
    assert "Left out, because this version has no such act: <b>teleport</b>" in told(answer)
    assert "<b>teleport" not in answer.content.decode()
    assert User.objects.get(pk=reader.pk).keys == {"invert": ["F9"]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 60_000, "no JSON"),
        (b"[]", "not a map of keys"),
        ({"format": "other", "keys": {}}, "not a map of keys"),
        ({"format": FORMAT, "keys": []}, "not a map of keys"),
        ({"format": FORMAT, "keys": {"invert": ["N"]}}, "is wanted by"),
        ({"format": FORMAT, "keys": {"invert": ["Escape"]}}, "not a key"),
        (b" " * (FILE_BYTES + 1), "too large"),
    ],
)
def test_a_file_that_is_no_usable_map_changes_nothing(signed_in, reader, content, sentence):
    signed_in.post(reverse("preferences-keys"), usual(heat="F9"))
    assert sentence in told(imported(signed_in, content))
    assert User.objects.get(pk=reader.pk).keys == {"heat": ["F9"]}


def test_a_theme_and_a_size_of_type_are_in_the_page_before_any_script_runs(signed_in, reader):
    page = signed_in.get(reverse("worklist")).content.decode()
    assert 'data-theme="dark" data-text="100"' in page
    assert '<meta name="color-scheme" content="dark">' in page
    signed_in.post(reverse("preferences"), {"theme": "light", "text_size": "115"})
    page = signed_in.get(reverse("worklist")).content.decode()
    assert 'data-theme="light" data-text="115"' in page
    assert '<meta name="color-scheme" content="light">' in page


def test_the_page_of_signing_in_keeps_the_theme_of_the_computer(signed_in):
    signed_in.post(reverse("preferences"), {"theme": "light", "text_size": "100"})
    signed_in.logout()
    signed_in.cookies["firstread_theme"] = "light"
    assert 'data-theme="light"' in signed_in.get(reverse("account_login")).content.decode()
    signed_in.cookies["firstread_theme"] = '"><script>'
    assert 'data-theme="dark"' in signed_in.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("chosen", [{"theme": "pink", "text_size": "100"}, {"theme": "dark", "text_size": "900"}])
def test_what_is_none_of_the_choices_is_refused(signed_in, reader, chosen):
    assert signed_in.post(reverse("preferences"), chosen).status_code == 400
    reader.refresh_from_db()
    assert (reader.theme, reader.text_size) == ("dark", 100)


def test_a_change_is_in_the_audit_trail_without_its_content(signed_in, reader):
    signed_in.post(reverse("preferences-keys"), usual(invert="F9"))
    event = AuditEvent.objects.filter(verb=Verb.USER_CHANGED).get()
    assert (event.actor, event.object_id, event.detail) == (reader, str(reader.pk), {"preferences": ["keys"]})
