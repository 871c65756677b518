"""A house with studies in every stage, and a way to look at each page of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site, User
from accounts.services.invitations import invite
from reports.models import Delivery, Report, Target
from reports.services import drafting, editing
from reports.services.signing import sign_report
from screening.models import Order, OrderMismatch, Study, StudyOrder
from screening.phantoms.chest import chest_ct
from screening.selectors.registry import active_row
from screening.services.reading import claim_study
from screening.states import AiState
from tests.chromium import Room
from tests.conftest import PASSWORD
from tests.frontend import conftest as frontend
from tests.pages.table import PAGES, Page, url_of
from tests.permissions_privacy import privacy_arguments
from tests.permissions_world import own_token
from tests.reports.conftest import by_template, full_text

SLICES = 5
take_in, give_result, open_room = frontend.take_in, frontend.give_result, frontend.open_room


@dataclass
class World:
    people: dict[str, User] = field(default_factory=dict)
    studies: dict[str, Study] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    arguments: dict[str, list[Any]] = field(default_factory=dict)

    def address(self, name: str) -> str:
        row = PAGES[name]
        return reverse(url_of(name), args=self.arguments[row.arguments]) + row.query

    def client(self, role: str) -> Client:
        client = Client(raise_request_exception=False)
        if role:
            client.force_login(self.people[role])
        return client

    def answer(self, name: str, language: str = "en") -> Any:
        row = PAGES[name]
        client = self.client(row.role)
        client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
        ask = getattr(client, row.method)
        return ask(self.address(name), headers={"accept": "text/html"})


def sign(report: Report, signer: User) -> None:
    request = RequestFactory().get("/")
    request.user, request.session = signer, {}
    sign_report(report=report, signer=signer, revision=1, meaning="final", password=PASSWORD, request=request)


def archive(site: Site, administrator: User) -> Target:
    """Where signed reports go; nobody is there."""
    address = {"name": "Archive", "kind": "cstore", "address": "dicom://ARCHIVE@127.0.0.1:1"}
    wanted = {"documents": ["sr", "dicom-pdf"], "moments": ["final"], "changed_by": administrator}
    return Target.objects.create(site=site, changed_at=timezone.now(), **address, **wanted)


def ordered(fits: Study, fits_not: Study) -> None:
    """An order that its study fits, one that its study does not fit, and one whose images have not come."""
    now = timezone.now()
    words = {
        "procedure": "CT chest, low dose",
        "reason": "Yearly screening, 40 pack years",
        "clinical": "No complaints; father had cancer of the lung at 61",
        "requested_by": "Dr. Ada Lind",
        "patient_name": "Test^Anna",
        "birth_date": date(1960, 2, 29),
        "scheduled_at": now - timedelta(hours=6),
        "received_at": now,
        "changed_at": now,
    }
    orders = [
        Order.objects.create(
            site=fits.site, placer_number=f"P-{n}", accession_number=f"ACC{n}", patient_id=f"PAT{n}", **words
        )
        for n in range(3)
    ]
    StudyOrder.objects.create(study=fits, order=orders[0], at=now)
    OrderMismatch.objects.create(order=orders[1], study=fits_not, reason="patient", at=now)


def factors(person: User) -> int:
    """An app, recovery codes and a passkey of the person, who never uses them here; answers the passkey's number."""
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(person)
    stick = {"name": "Stick", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    return Authenticator.objects.create(user=person, type="webauthn", data=stick).pk


@pytest.fixture
def world(
    north, reader, trainee, technologist, administrator, auditor, make_user, take_in, give_result, settings, tmp_path
) -> World:
    """An open study with findings and a draft, a signed one, one that waits, and one that was refused."""
    settings.SIGNATURE_HEADS = tmp_path / "heads" / "signatures.log"
    made = World(
        people={
            "reader": reader,
            "trainee": trainee,
            "technologist": technologist,
            "administrator": administrator,
            "auditor": auditor,
        }
    )
    for number, name in enumerate(("open", "signed", "waiting", "refused")):
        chest = chest_ct(60 + number, None, slices=SLICES, size=64)
        study = made.studies[name] = take_in(chest.datasets, "lung")
        middle = chest.datasets[2]
        finding = {
            "type": "solid_nodule",
            "location": "right upper lobe",
            "size_mm": 8.2,
            "probability": 0.8,
            "series_uid": str(middle.SeriesInstanceUID),
            "sop_uid": str(middle.SOPInstanceUID),
            "frame": 1,
            "box": [20, 20, 28, 28],
            "attributes": {},
        }
        if name == "refused":
            study.ai_state, study.ai_reason = AiState.REFUSED, "The slices are too thick."
            study.save()
            continue
        give_result(study, [finding])
    for name in ("open", "signed"):
        report = made.reports[name] = by_template(made.studies[name])
        claim_study(study=made.studies[name], reader=reader)
        editing.save_revision(report=report, author=reader, parent=0, sections=full_text(report))
    drafting.ensure_report(study=made.studies["waiting"])
    target = archive(north, administrator)
    own_token(reader)
    sign(made.reports["signed"], reader)
    Delivery.objects.update(status="FAILED", tries=30, reason="dicom_status", detail="A700")
    ordered(made.studies["open"], made.studies["waiting"])
    somebody = make_user("somebody", "reader", north)
    model = active_row("lung")
    made.arguments = {
        "": [],
        "passkey": [factors(trainee)],
        "user": [somebody.pk],
        "invitation": [invite(actor=administrator, user=somebody)],
        "site": [north.slug],
        "model": [model.name, model.version],
        "target": [target.pk],
        **privacy_arguments(made.studies["signed"], made.studies["open"], administrator),
        "no study": ["1.2.3.4"],
        "open report": [made.reports["open"].pk],
        "signed report": [made.reports["signed"].pk],
        **{f"{name} study": [study.study_uid] for name, study in made.studies.items()},
    }
    return made


@pytest.fixture
def look_at(browser, live_server, world) -> Iterator[Callable[..., Room]]:
    """Open a page of the table in the browser, as the person of its row, settled."""
    contexts = []

    def look(name: str, size: tuple[int, int] = (1440, 900), language: str = "en") -> Room:
        row: Page = PAGES[name]
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        chosen = {"name": django_settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}
        context.add_cookies([chosen])
        if row.role:
            cookie = world.client(row.role).cookies[django_settings.SESSION_COOKIE_NAME].value
            named = {"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}
            context.add_cookies([named])
        room = Room(context.new_page())
        if row.method == "post":
            content = world.answer(name, language).content.decode()
            room.page.route("**/answered/", lambda route: route.fulfill(body=content, content_type="text/html"))
            room.page.goto(f"{live_server.url}/answered/")
        else:
            room.page.goto(live_server.url + world.address(name))
        settled(room, url_of(name), row)
        return room

    yield look
    for context in contexts:
        context.close()


def settled(room: Room, url: str, row: Page) -> None:
    if row.status == 200 and url == "reading-room":
        room.wait(lambda data: data.get("viewer") in ("ready", "error"))
    if row.status == 200 and url == "worklist":
        room.wait(lambda data: data.get("worklist") == "ready")
    room.press(*row.keys)
    if "?" in row.keys:
        room.page.locator("[data-part=help]").wait_for(state="visible")
