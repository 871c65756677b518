"""Layouts of a reader's own: made from nothing, named, changed, chosen, removed, and nobody else's business."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.layouts import KINDS, LayoutError, department_protocol
from reports.models import UserHangingProtocol
from reports.selectors.hanging import hanging_json, layouts_json
from reports.services.layouts import (
    MOST,
    LayoutRefused,
    change_layout,
    choose_layout,
    new_layout,
    remove_layout,
    reset_protocol,
    save_protocol,
)


def place(name: str, row: int, column: int, **more) -> dict:
    return {"name": name, "row": row, "column": column, **more}


def of_one_stage(kind: str = "lung", places: list[dict] | None = None) -> dict:
    """A tall first place beside two small ones."""
    shown = places or [
        place("a", 1, 1, rows=2),
        place("b", 1, 2, window={"preset": "mediastinum"}, orientation="coronal"),
        place("c", 2, 2, study="prior"),
    ]
    stage = {"name": "own-1", "label": "Tall beside two", "rows": 2, "columns": 2, "link": "position", "places": shown}
    return {"schema": 1, "kind": kind, "stages": [stage]}


@pytest.fixture
def as_reader(reader) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def test_a_layout_from_nothing_is_kept_chosen_and_studies_hang_by_it(
    as_reader, reader, second_reader, make_study, north
):
    sent = {"kind": "lung", "name": "Nodules", "protocol": of_one_stage()}
    made = as_reader.post(reverse("layout-new"), sent, "application/json").json()
    study = make_study(north, programme="lung")
    assert hanging_json(study, reader)["own"] == "no"
    answer = as_reader.post(reverse("layout-act", args=[made["id"], "choose"]))
    assert [(each["name"], each["chosen"]) for each in answer.json()["layouts"]] == [("Nodules", True)]
    shown = hanging_json(study, reader)
    assert (shown["own"], shown["protocol"]["stages"][0]["label"]) == ("yes", "Tall beside two")
    assert [each["rows"] for each in shown["protocol"]["stages"][0]["places"]] == [2, 1, 1]
    assert hanging_json(study, second_reader)["layouts"] == []


def test_a_layout_is_renamed_duplicated_changed_and_removed(as_reader, reader):
    first = new_layout(user=reader, kind="lung", name="Nodules", protocol=of_one_stage())
    again = new_layout(user=reader, kind="lung", name="Nodules", protocol=first.protocol)
    assert again.name == "Nodules (2)"
    url = reverse("layout-act", args=[again.pk, "save"])
    assert as_reader.post(url, {"name": "Follow-up"}, "application/json").status_code == 200
    taken = as_reader.post(url, {"name": "Nodules"}, "application/json")
    again.refresh_from_db()
    assert (taken.status_code, "another layout of that name" in taken.json()["detail"]) == (400, True)
    wide = of_one_stage(places=[place("a", 1, 1, columns=2, window={"width": 600, "level": 100})])
    change_layout(layout=again, name=None, protocol=wide)
    choose_layout(layout=again)
    rows = {row["name"]: row for row in layouts_json(reader)}
    assert rows["Follow-up"]["protocol"]["stages"][0]["places"][0]["window"] == {"width": 600, "level": 100}
    remove_layout(layout=again)
    assert [row["name"] for row in layouts_json(reader)] == ["Nodules"]
    acts = AuditEvent.objects.filter(verb=Verb.LAYOUT_CHANGED).order_by("pk").values_list("detail", flat=True)
    assert [each["act"] for each in acts] == ["new", "new", "changed", "changed", "chosen", "removed"]
    assert "Follow-up" not in str(list(acts))


def test_one_of_a_kind_is_in_use_and_going_back_loses_none(reader, make_study, north):
    one = new_layout(user=reader, kind="lung", name="One", protocol=of_one_stage())
    two = new_layout(user=reader, kind="lung", name="Two", protocol=department_protocol("lung"))
    other = new_layout(user=reader, kind="other", name="One", protocol=of_one_stage("other"))
    for each in (one, other, two):
        choose_layout(layout=each)
    used = UserHangingProtocol.objects.filter(chosen=True).values_list("name", "kind").order_by("kind")
    assert list(used) == [("Two", "lung"), ("One", "other")]
    with pytest.raises(IntegrityError), transaction.atomic():
        UserHangingProtocol.objects.filter(kind="lung").update(chosen=True)
    reset_protocol(user=reader, kind="lung")
    assert hanging_json(make_study(north, programme="lung"), reader)["own"] == "no"
    assert UserHangingProtocol.objects.filter(kind="lung").count() == 2


def test_what_the_room_keeps_goes_into_the_one_in_use_else_into_a_new_one(reader):
    kept = new_layout(user=reader, kind="lung", name="Nodules", protocol=of_one_stage())
    save_protocol(user=reader, kind="lung", protocol=department_protocol("lung"))
    assert [(row["name"], row["chosen"]) for row in layouts_json(reader)] == [("My layout", True), ("Nodules", False)]
    choose_layout(layout=kept)
    save_protocol(user=reader, kind="lung", protocol=department_protocol("lung"))
    kept.refresh_from_db()
    assert (kept.protocol, UserHangingProtocol.objects.count()) == (department_protocol("lung"), 2)


@pytest.mark.parametrize(
    ("name", "protocol", "why"),
    [
        ("", of_one_stage(), "needs a name"),
        ("\x00 \n", of_one_stage(), "needs a name"),
        ("Prior alone", of_one_stage(places=[place("a", 1, 1, study="prior")]), "must show the current study"),
        ("Overlap", of_one_stage(places=[place("a", 1, 1, columns=2), place("b", 1, 2)]), "cannot be kept"),
        ("Outside", of_one_stage(places=[place("a", 2, 2, rows=2)]), "cannot be kept"),
        ("Another kind", of_one_stage("brain"), "cannot be kept"),
        ("Nothing", None, "cannot be kept"),
    ],
)
def test_what_is_no_layout_is_refused_with_a_sentence(as_reader, name, protocol, why):
    sent = {"kind": "lung", "name": name, "protocol": protocol}
    answer = as_reader.post(reverse("layout-new"), sent, "application/json")
    assert (answer.status_code, why in answer.json()["detail"]) == (400, True)
    assert not UserHangingProtocol.objects.exists()


def test_there_is_an_end_to_how_many(reader):
    now = timezone.now()
    UserHangingProtocol.objects.bulk_create(
        UserHangingProtocol(user=reader, kind="lung", name=str(n), protocol=of_one_stage(), saved_at=now)
        for n in range(MOST)
    )
    with pytest.raises(LayoutRefused, match="Delete one first"):
        new_layout(user=reader, kind="lung", name="One more", protocol=of_one_stage())


@pytest.mark.parametrize("act", ["save", "choose", "remove"])
def test_a_layout_of_somebody_else_does_not_exist(as_reader, second_reader, act):
    theirs = new_layout(user=second_reader, kind="lung", name="Theirs", protocol=of_one_stage())
    answer = as_reader.post(reverse("layout-act", args=[theirs.pk, act]), {"name": "Mine"}, "application/json")
    assert answer.status_code == 404
    theirs.refresh_from_db()
    assert (theirs.name, theirs.chosen) == ("Theirs", False)


def test_one_of_an_older_form_is_listed_as_not_usable_and_cannot_be_chosen(reader):
    old = UserHangingProtocol.objects.create(
        user=reader, kind="lung", name="Old", protocol={"schema": 0}, saved_at=timezone.now()
    )
    assert [(row["name"], row["protocol"]) for row in layouts_json(reader)] == [("Old", None)]
    with pytest.raises(LayoutError):
        choose_layout(layout=old)


def test_the_page_is_among_the_preferences_of_who_sees_images(as_reader, auditor):
    link = f'href="{reverse("layouts")}"'
    assert link in as_reader.get(reverse("preferences")).content.decode()
    other = Client()
    other.force_login(auditor)
    assert link not in other.get(reverse("preferences")).content.decode()
    assert other.get(reverse("layouts")).status_code == 403


def test_the_page_shows_every_kind_and_escapes_names(as_reader, reader):
    new_layout(user=reader, kind="lung", name="</script><b>Nodules", protocol=of_one_stage())
    page = as_reader.get(reverse("layouts"), {"kind": "lung"}).content.decode()
    assert "</script><b>" not in page
    assert all(f'"kind": "{kind}"' in page for kind in KINDS)
