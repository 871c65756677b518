"""The cast: two sites, one person per role at the first, a stranger at the second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone, translation

from accounts.models import Membership, Site, User
from accounts.roles import Role
from screening.models import Instance, Patient, Series, Study
from tests.chromium import browser  # noqa: F401  one Chromium for all tests of a run

PASSWORD = "correct horse battery"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a machine that is busy with something else may lose a race that no reader meets: such a
    test is tried once more, and the run's summary says that it was (decision 0014). `make soak` never does."""
    for item in items:
        if item.get_closest_marker("browser") and not item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path):
    settings.STORAGE_ROOT = tmp_path / "objects"


@pytest.fixture(scope="session", autouse=True)
def emptying_despite_triggers():
    """After a transactional test Django empties SQLite's tables row by row; the triggers that
    forbid it stand aside for that one transaction. (PostgreSQL truncates, which they allow.)"""
    if connection.vendor != "sqlite":
        yield
        return
    plain = type(connection.ops).sql_flush

    def sql_flush(self, *args, **kwargs):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE%'")
            triggers = cursor.fetchall()
        dropped = [f"DROP TRIGGER {name}" for name, _sql in triggers]
        return [*dropped, *plain(self, *args, **kwargs), *(sql for _name, sql in triggers)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(connection.ops), "sql_flush", sql_flush)
        yield


@pytest.fixture
def north(db) -> Site:
    return Site.objects.create(slug="north", name="North Clinic")


@pytest.fixture
def south(db) -> Site:
    return Site.objects.create(slug="south", name="South Hospital")


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(username: str, role: str | None = None, site: Site | None = None, **fields: object) -> User:
        user = User.objects.create_user(username, f"{username}@example.org", PASSWORD, **fields)
        if role and site:
            Membership.objects.create(user=user, site=site, role=role)
        return user

    return make


@pytest.fixture
def reader(make_user, north) -> User:
    return make_user("reader", Role.READER, north, first_name="Mara", last_name="Osei")


@pytest.fixture
def second_reader(make_user, north) -> User:
    return make_user("second", Role.READER, north)


@pytest.fixture
def trainee(make_user, north) -> User:
    return make_user("trainee", Role.TRAINEE, north)


@pytest.fixture
def technologist(make_user, north) -> User:
    return make_user("technologist", Role.TECHNOLOGIST, north)


@pytest.fixture
def administrator(make_user, north) -> User:
    return make_user("administrator", Role.ADMINISTRATOR, north)


@pytest.fixture
def auditor(make_user, north) -> User:
    return make_user("auditor", Role.AUDITOR, north)


@pytest.fixture
def stranger(make_user, south) -> User:
    """A reader, but of the other site."""
    return make_user("stranger", Role.READER, south)


@pytest.fixture
def make_study(db) -> Callable[..., Study]:
    """A study row of a site with one series and `images` instance rows (no stored bytes)."""
    count = 0

    def make(site: Site, images: int = 2, **fields: object) -> Study:
        nonlocal count
        count += 1
        now = timezone.now()
        uid = fields.pop("study_uid", f"1.2.826.0.1.3680043.10.1.{site.pk}.{count}")
        patient = Patient.objects.create(
            site=site,
            patient_id=f"P-{count:04d}",
            name=f"TESTPATIENT^Number{count}",
            birth_date=dt.date(1960, 1, 1),
            sex="F",
        )
        due = now + dt.timedelta(hours=72)
        study = Study.objects.create(
            **{
                "site": site,
                "patient": patient,
                "study_uid": uid,
                "description": "CT",
                "modality": "CT",
                "instance_count": images,
                "received_at": now,
                "last_instance_at": now,
                "due_at": due,
                "base_due_at": due,
                **fields,
            }
        )
        # No longer than a UID may be: PostgreSQL keeps to that.
        series_uid = f"{uid[:58]}.1"
        series = Series.objects.create(site=site, study=study, series_uid=series_uid, number=1, modality=study.modality)
        for number in range(1, images + 1):
            Instance.objects.create(
                site=site,
                series=series,
                sop_uid=f"{series_uid}.{number}",
                sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                number=number,
                rows=8,
                columns=8,
                sha256=f"{number:064x}",
                size=1,
                received_at=now,
                source="upload",
            )
        return study

    return make


@pytest.fixture(autouse=True)
def own_cache():
    """Counters of wrong passwords and the like begin at nothing."""
    cache.clear()


@pytest.fixture(autouse=True)
def english():
    """A request in another language leaves that language active for whoever comes next on the thread."""
    translation.activate("en")
