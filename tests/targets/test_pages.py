"""The administrator's pages of targets: made, changed, tried, switched off; secrets never shown; dead letters."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Verb
from reports.delivery_strings import REASONS, reason_words
from reports.models import Delivery, Target
from reports.services.reaching import secret_of
from reports.services.sending import sweep_deliveries
from reports.states import DeliveryStatus
from reports.targets.results import NotSent
from tests.conftest import PASSWORD
from tests.targets.servers import HERE, pacs, ris, web

SECRET = "tok-4711-very-secret"


@pytest.fixture
def admin_client(administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def without_recent_password(client: Client) -> Client:
    """As a quarter of an hour after signing in."""
    session = client.session
    session.pop("authenticated_at", None)
    session.save()
    return client


def form(**changes):
    fields = {
        "site": "north",
        "name": "Archive",
        "address": f"http://{HERE}:8042/dicom-web",
        "documents": ["sr", "dicom-pdf"],
        "moments": ["final", "corrected"],
        "password": PASSWORD,
    }
    return {**fields, **changes}


def make(client, kind="stow", **changes):
    return client.post(reverse("target-new") + f"?kind={kind}", form(**changes))


def test_a_target_is_made_with_a_password_and_shown_without_its_secret(admin_client, north):
    answer = make(admin_client, secret=SECRET)
    row = Target.objects.get()
    assert answer["Location"] == reverse("target", args=[row.pk])
    assert (row.site, row.documents, row.moments, row.is_on) == (
        north,
        ["sr", "dicom-pdf"],
        ["final", "corrected"],
        True,
    )
    assert SECRET not in row.secret and secret_of(row) == SECRET
    for url in (reverse("targets"), reverse("target", args=[row.pk]), reverse("outbox")):
        page = admin_client.get(url).content.decode()
        assert SECRET not in page and row.secret not in page
    event = AuditEvent.objects.get(verb=Verb.TARGET_SAVED)
    assert event.detail["secret"] is True and SECRET not in str(event.detail)


def test_without_a_password_nothing_is_made_or_switched(admin_client):
    client = without_recent_password(admin_client)
    answer = make(client, password="wrong")
    assert answer.status_code == 400 and not Target.objects.exists()
    assert "The password is not right." in answer.content.decode()
    make(client)
    row = Target.objects.get()
    without_recent_password(client)
    assert client.post(reverse("target-switch", args=[row.pk]), {"on": "0"}).status_code == 400
    assert change(client, row, name="Other", password="").status_code == 400
    row.refresh_from_db()
    assert row.is_on and row.name == "Archive"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "Give the target a name."),
        ({"documents": []}, "Choose what is sent."),
        ({"documents": ["hl7"]}, "Choose what is sent."),
        ({"moments": ["whenever"]}, "Choose when it is sent."),
        ({"documents": ["dicom-pdf"], "moments": ["unverified"]}, "An AI result is sent as"),
        ({"address": "ftp://x"}, "The address begins with https://, http://."),
        ({"address": "https://a:b@x.org"}, "they belong into the secret"),
        ({"address": "https://10.9.9.9"}, "OUTGOING_HOSTS"),
        ({"address": "http://169.254.169.254/latest"}, "OUTGOING_HOSTS"),
        ({"secret_name": "SECRET_KEY"}, "TARGET_SECRET_"),
        ({"secret_name": "TARGET_SECRET_987654_PACS"}, "TARGET_SECRET_"),
        ({"secret": "a\r\nb"}, "This is no secret"),
        ({"site": "south"}, "Choose a site that you administer."),
    ],
)
def test_what_is_no_target_is_refused_with_a_sentence(admin_client, south, changes, words):
    answer = make(admin_client, **changes)
    assert answer.status_code == 400 and not Target.objects.exists()
    assert words in answer.content.decode()


def test_an_open_range_lets_no_address_inside_be_named(admin_client, settings):
    settings.OUTGOING_HOSTS = ["http://0.0.0.0/0", "http://::/0"]
    answer = make(admin_client, address="http://169.254.169.254/")
    assert answer.status_code == 400 and "OUTGOING_HOSTS" in answer.content.decode()


def test_a_name_stands_once_at_a_site(admin_client):
    make(admin_client)
    assert "already" in make(admin_client).content.decode()
    assert Target.objects.count() == 1


def change(client, row, **changes):
    return client.post(reverse("target", args=[row.pk]), form(**changes))


def test_a_secret_stays_until_it_is_replaced_forgotten_or_would_go_elsewhere(admin_client):
    make(admin_client, secret=SECRET)
    row = Target.objects.get()
    change(admin_client, row, name="Renamed", address=f"http://{HERE}:8042/other")
    row.refresh_from_db()
    assert (row.name, secret_of(row)) == ("Renamed", SECRET)
    answer = change(admin_client, row, address=f"http://{HERE}:9999/")
    assert answer.status_code == 400 and "enter the secret again" in answer.content.decode()
    row.refresh_from_db()
    assert row.address.endswith("/other")
    change(admin_client, row, address=f"http://{HERE}:9999/", secret="another")
    row.refresh_from_db()
    assert secret_of(row) == "another"
    change(admin_client, row, address=f"http://{HERE}:9999/", forget="1")
    row.refresh_from_db()
    assert (row.secret, secret_of(row)) == ("", "")


def test_a_secret_may_come_from_the_environment_or_a_file(admin_client, monkeypatch, tmp_path, north, south):
    make(admin_client, secret_name=f"TARGET_SECRET_{north.pk}_PACS")
    row = Target.objects.get()
    with pytest.raises(NotSent) as caught:
        secret_of(row)
    assert caught.value.code == "no_secret" and not caught.value.final
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    monkeypatch.setenv(f"TARGET_SECRET_{north.pk}_PACS_FILE", str(file))
    assert secret_of(row) == SECRET
    # The database alone decides nothing: another variable, or another site's, is never read.
    for name in ("SECRET_KEY", f"TARGET_SECRET_{south.pk}_PACS"):
        monkeypatch.setenv(name, "x")
        row.secret_name = name
        with pytest.raises(NotSent):
            secret_of(row)


def test_another_sites_secret_or_a_lost_key_opens_nothing(admin_client, settings, tmp_path, make_target):
    make(admin_client, secret=SECRET)
    row, other = Target.objects.get(), make_target("fhir", f"http://{HERE}:1")
    other.secret = row.secret
    with pytest.raises(NotSent):
        secret_of(other)
    settings.TARGET_KEY = tmp_path / "nowhere" / "key"
    with pytest.raises(NotSent):
        secret_of(row)


def tried(client, row) -> str:
    answer = client.post(reverse("target-try", args=[row.pk]), follow=True)
    return answer.content.decode()


def test_trying_a_target_stores_nothing_and_says_what_is_wrong(admin_client, make_target):
    with pacs() as archive, ris() as hospital, web((204, {}, b"")) as server:
        rows = {
            "dicom": make_target("cstore", f"dicom://ARCHIVE@{HERE}:{archive.port}"),
            "wrong": make_target("cstore", f"dicom://OTHER@{HERE}:{archive.port}"),
            "hl7": make_target("mllp", f"mllp://{HERE}:{hospital.port}"),
            "web": make_target("stow", server.url),
            "hook": make_target("webhook", server.url),
            "gone": make_target("mllp", f"mllp://{HERE}:1"),
        }
        pages = {name: tried(admin_client, row) for name, row in rows.items()}
        assert not archive.came and not hospital.came
        assert [said.method for said in server.said] == ["GET", "POST"] and b"probe" in server.said[1].body
    for name in ("dicom", "hl7", "web", "hook"):
        assert f"{rows[name].name} answers." in pages[name]
    assert "does it know our AE title?" in pages["wrong"]
    assert "Nobody answers at this address." in pages["gone"]
    outcomes = AuditEvent.objects.filter(verb=Verb.TARGET_TRIED).order_by("pk").values_list("detail", flat=True)
    assert [each["outcome"] for each in outcomes] == ["ok", "association_rejected", "ok", "ok", "ok", "no_connection"]


def test_a_target_the_list_no_longer_names_is_not_even_tried(admin_client, make_target, settings):
    with web((204, {}, b"")) as server:
        row = make_target("stow", server.url)
        settings.OUTGOING_HOSTS = []
        assert "not on the list" in tried(admin_client, row) and not server.said


def test_switching_off_and_on(admin_client, make_target):
    row = make_target("mllp", f"mllp://{HERE}:1", failures=7, retry_at=timezone.now())
    url = reverse("target-switch", args=[row.pk])
    admin_client.post(url, {"on": "0", "password": PASSWORD})
    assert not Target.objects.get().is_on
    admin_client.post(url, {"on": "1"})
    assert (Target.objects.get().is_on, Target.objects.get().failures) == (True, 0)
    assert AuditEvent.objects.filter(verb=Verb.TARGET_SAVED).count() == 2


@pytest.fixture
def dead(ready, sign, make_target) -> Delivery:
    with ris("AR 200") as server:
        make_target("mllp", f"mllp://{HERE}:{server.port}")
        sign(ready)
        sweep_deliveries()
    return Delivery.objects.get()


def test_dead_letters_are_listed_without_patients_and_sent_again_from_there(admin_client, dead, north):
    page = admin_client.get(reverse("outbox")).content.decode()
    patient = dead.report.study.patient
    assert "The receiver refused the message. (AR 200)" in page and dead.report.study.study_uid in page
    assert patient.patient_id not in page and str(patient.name).split("^")[0] not in page
    assert AuditEvent.objects.filter(verb=Verb.TARGETS_VIEWED).exists()
    with ris() as server:
        Target.objects.update(address=f"mllp://{HERE}:{server.port}")
        answer = admin_client.post(reverse("delivery-again", args=[dead.pk]), follow=True)
        assert "It is sent again." in answer.content.decode()
        sweep_deliveries()
        assert len(server.accepted) == 1
    assert admin_client.post(reverse("delivery-again", args=[dead.pk])).status_code == 409
    assert "RIS" not in admin_client.get(reverse("outbox") + "?list=done&page=9").content.decode()


def test_giving_up_needs_a_reason(admin_client, dead):
    url = reverse("delivery-give-up", args=[dead.pk])
    assert admin_client.post(url, {"reason": ""}).status_code == 400
    assert admin_client.post(url, {"reason": "Told by telephone"}).status_code == 302
    assert Delivery.objects.get().status == DeliveryStatus.GIVEN_UP


def test_every_code_has_a_sentence():
    import re
    from pathlib import Path

    from config.env import ROOT

    sources = [*(ROOT / "reports" / "targets").glob("*.py"), *(ROOT / "reports" / "services").glob("*.py")]
    codes = {code for path in sources for code in re.findall(r"NotSent\(\s*\"(\w+)\"", Path(path).read_text())}
    codes.add("not_signed_in")
    assert codes - {"lost"} and codes <= set(REASONS), codes - set(REASONS)
    assert reason_words("never heard of") == "It could not be sent."
