"""The administrator's pages: what they show, what they ask for, and what a wrong answer changes: nothing."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Verb
from accounts.roles import Role
from screening.models import ModelBundle, ScoreRun, TriageGrant
from screening.selectors.registry import active_row
from screening.services.registry import activate, install_folder
from screening.services.rights import set_triage
from tests.conftest import PASSWORD
from tests.registry import bundles

REASON = "Better at our site."


@pytest.fixture
def page(client, administrator):
    client.force_login(administrator)
    return client


@pytest.fixture
def newer(fits, tmp_path):
    files = {"reliability.svg": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "seen.json": b"[]"}
    return install_folder(folder=bundles.write(tmp_path / "newer", files=files), actor=None)


def at(name, row):
    return reverse(name, args=(row.name, row.version))


def upload(folder):
    return SimpleUploadedFile("model.zip", bundles.zipped(folder).getvalue(), "application/zip")


def test_the_list_shows_every_version_with_its_figures_and_right(page, newer):
    text = page.get(reverse("models")).content.decode()
    for row in ModelBundle.objects.all():
        assert at("model", row) in text
    assert "0.810" in text and "0.750–0.860" in text
    assert "Not earned by its figures" in text


def test_a_model_s_page_shows_its_card_its_pictures_and_its_history(page, newer):
    activate(row=newer, reason=REASON, actor=None)
    text = page.get(at("model", newer)).content.decode()
    assert "Research only. It reads nothing." in text and REASON in text
    assert f'<img src="{at("model", newer)}files/reliability.svg"' in text
    assert f"Go back to {active_row('brain')}" not in text and "Go back to lung-nodule 0" in text


def test_a_bundle_s_drawing_cannot_run_even_when_it_is_opened_by_itself(page, newer):
    answer = page.get(f"{at('model', newer)}files/reliability.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    answer.close()


@pytest.mark.parametrize("file", ["model.json", "weights.safetensors", "CARD.md", "..%2f..%2fmodel.json", "none.json"])
def test_only_data_files_and_pictures_of_a_bundle_are_served(page, newer, file):
    assert page.get(f"{at('model', newer)}files/{file}").status_code == 404


def test_an_archive_is_installed_and_reads_nothing_yet(page, fits, tmp_path):
    before = active_row("lung")
    answer = page.post(reverse("model-install"), {"archive": upload(bundles.write(tmp_path / "b"))})
    row = ModelBundle.objects.get(version="9.0.0")
    assert (answer.status_code, answer["Location"]) == (302, at("model", row))
    assert active_row("lung") == before
    assert row.installed_by.username == "administrator"


def test_a_faulty_archive_is_answered_with_every_fault(page, fits, tmp_path):
    count = ModelBundle.objects.count()
    wrong = bundles.write(tmp_path / "b", licence=None, version="one")
    answer = page.post(reverse("model-install"), {"archive": upload(wrong)})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "lacks licence" in text and "three numbers" in text and "Nothing was installed" in text
    assert page.post(reverse("model-install"), {}).status_code == 400
    not_a_zip = SimpleUploadedFile("model.zip", b"\x80\x04 a pickle")
    assert "no zip archive" in page.post(reverse("model-install"), {"archive": not_a_zip}).content.decode()
    assert ModelBundle.objects.count() == count


def test_an_archive_over_the_limit_is_not_opened(page, settings, tmp_path, fits):
    settings.MODEL_MAX_BYTES = 500
    answer = page.post(reverse("model-install"), {"archive": upload(bundles.write(tmp_path / "b"))})
    assert answer.status_code == 400 and "larger" in answer.content.decode()
    settings.MODEL_MAX_BYTES = 0
    big = io.BytesIO(b"x" * (2 << 20))
    big.name = "model.zip"
    assert page.post(reverse("model-install"), {"archive": big}).status_code == 413


def test_a_version_is_chosen_with_a_reason_and_given_up_again(page, newer):
    first = active_row("lung")
    assert page.post(at("model-activate", newer), {"reason": " "}).status_code == 400
    assert active_row("lung") == first
    assert page.post(at("model-activate", newer), {"reason": REASON}).status_code == 302
    assert active_row("lung") == newer
    assert page.post(at("model-activate", newer), {"reason": REASON}).status_code == 400
    assert page.post(at("model-rollback", first), {"reason": REASON}).status_code == 400
    assert page.post(at("model-rollback", newer), {"reason": "It marks too much."}).status_code == 302
    assert active_row("lung") == first
    assert AuditEvent.objects.filter(verb=Verb.MODEL_ACTIVATED, actor__username="administrator").count() == 2


def test_an_administrator_of_some_sites_changes_nothing_for_all(page, newer, south, tmp_path):
    first = active_row("lung")
    for answer in (
        page.post(at("model-activate", newer), {"reason": REASON}),
        page.post(reverse("model-install"), {"archive": upload(bundles.write(tmp_path / "b", version="9.5.0"))}),
    ):
        assert answer.status_code == 400
        assert "every one of them" in answer.content.decode()
    assert active_row("lung") == first
    assert not ModelBundle.objects.filter(version="9.5.0").exists()
    south.is_active = False
    south.save()
    assert page.post(at("model-activate", newer), {"reason": REASON}).status_code == 302


def test_a_right_is_granted_and_taken_at_ones_own_site_alone(page, newer, north, south):
    url = at("model-right", newer)
    assert page.post(url, {"site": "south", "granted": "1", "reason": REASON}).status_code == 400
    assert page.post(url, {"site": "north", "granted": "1"}).status_code == 400
    assert TriageGrant.objects.count() == 0
    assert page.post(url, {"site": "north", "granted": "1", "reason": REASON}).status_code == 302
    assert page.post(url, {"site": "north", "granted": "0", "reason": "We looked again."}).status_code == 302
    assert list(TriageGrant.objects.values_list("site__slug", "granted", "reason")) == [
        ("north", False, "We looked again."),
        ("north", True, REASON),
    ]
    drafter = ModelBundle.objects.get(name="drafter")
    assert page.post(at("model-right", drafter), {"site": "north", "granted": "1", "reason": REASON}).status_code == 400


def test_after_a_quarter_of_an_hour_the_password_is_asked_for(client, administrator, newer):
    with time_machine.travel(dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC), tick=False) as clock:
        client.force_login(administrator)
        assert "current-password" not in client.get(at("model", newer)).content.decode()
        clock.shift(16 * 60)
        assert "current-password" in client.get(at("model", newer)).content.decode()
        for password in ("", "wrong"):
            answer = client.post(at("model-activate", newer), {"reason": REASON, "password": password})
            assert answer.status_code == 400
        assert active_row("lung") != newer
        assert client.post(at("model-activate", newer), {"reason": REASON, "password": PASSWORD}).status_code == 302
        assert active_row("lung") == newer
        assert "current-password" not in client.get(at("model", newer)).content.decode()


def test_waiting_studies_are_scored_again_by_a_button_of_ones_own_sites(page, newer, north, south, make_study):
    for site in (north, north, south):
        make_study(site, programme="lung", status="TO_READ", closed_at=timezone.now())
    activate(row=newer, reason=REASON, actor=None)
    assert "Score 2 waiting studies again" in page.get(reverse("models")).content.decode()
    answer = page.post(reverse("models-rescore"), {"programme": "lung"}, follow=True)
    assert "2 studies are scored again." in answer.content.decode()
    assert set(ScoreRun.objects.values_list("study__site__slug", "model_version")) == {("north", "9.0.0")}
    answer = page.post(reverse("models-rescore"), {"programme": "lung"}, follow=True)
    assert "2 would give the same result." in answer.content.decode()
    answer = page.post(reverse("models-rescore"), {"programme": "heart"}, follow=True)
    assert "no such programme" in answer.content.decode()


def test_a_version_whose_files_are_gone_says_so(page, newer, own_bundles):
    (own_bundles / "lung-nodule@9.0.0" / "model.json").unlink()
    assert "Files are gone" in page.get(reverse("models")).content.decode()
    assert "The files of this version are gone" in page.get(at("model", newer)).content.decode()
    assert page.post(at("model-activate", newer), {"reason": REASON}).status_code == 400


def test_the_worklist_says_where_the_right_was_granted_for_show(client, reader, north, administrator):
    client.force_login(reader)
    words = "The right was granted for show."
    assert words not in client.get(reverse("worklist")).content.decode()
    set_triage(row=active_row("lung"), site=north, granted=True, reason="A demonstration.", actor=None, for_show=True)
    text = client.get(reverse("worklist")).content.decode()
    assert words in text and "North Clinic" in text
    client.force_login(administrator)  # sees no scores, so is told nothing of their rights
    assert words not in client.get(reverse("worklist")).content.decode()


def test_a_reader_finds_no_way_to_the_models(client, reader, north, administrator):
    client.force_login(reader)
    assert reverse("models") not in client.get(reverse("worklist")).content.decode()
    Membership.objects.filter(user=reader).update(role=Role.ADMINISTRATOR)
    assert reverse("models") in client.get(reverse("worklist")).content.decode()
