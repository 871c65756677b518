"""Targets of a site, and a signed report whose outbox is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Document, Moment, Target
from reports.services import reaching
from reports.services.signing import sign_report
from reports.targets.reach import Limits
from tests.conftest import PASSWORD
from tests.reports.conftest import (  # noqa: F401  the fixtures of reports
    claimed,
    drafted,
    own_heads,
    ready,
    request_by,
    score,
    scored_study,
)
from tests.targets.servers import HERE

WANTED = {
    "stow": [Document.SR, Document.SEG, Document.PDF],
    "cstore": [Document.SR, Document.SEG, Document.PDF],
    "mllp": [Document.HL7],
    "fhir": [Document.FHIR],
    "webhook": [Document.ALERT],
    "mail": [Document.ALERT],
}
SIGNED = [Moment.PRELIMINARY, Moment.FINAL, Moment.CORRECTED]


@pytest.fixture(autouse=True)
def outgoing(settings, tmp_path, monkeypatch):
    settings.OUTGOING_HOSTS = [f"http://{HERE}", HERE]
    settings.TARGET_KEY = tmp_path / "keys" / "target.key"
    monkeypatch.setattr(reaching, "LIMITS", Limits(connect_s=2.0, total_s=3.0))
    reaching._reach.cache_clear()
    yield
    reaching._reach.cache_clear()


@pytest.fixture
def make_target(north, administrator) -> Callable[..., Target]:
    def make(kind: str, address: str, **changes: Any) -> Target:
        fields = {
            "site": north,
            "name": f"{kind} {Target.objects.count()}",
            "kind": kind,
            "address": address,
            "documents": WANTED[kind],
            "moments": [Moment.LATE] if kind in ("webhook", "mail") else SIGNED,
            "changed_by": administrator,
            "changed_at": timezone.now(),
        }
        return Target.objects.create(**{**fields, **changes})

    return make


@pytest.fixture
def sign(request_by, reader):  # noqa: F811
    """Sign the newest revision, as the reader."""

    def act(report, meaning: str = "final", by=None):
        signer = by or reader
        number = report.revisions.order_by("number").last().number
        return sign_report(
            report=report,
            signer=signer,
            revision=number,
            meaning=meaning,
            password=PASSWORD,
            request=request_by(signer),
        )

    return act
