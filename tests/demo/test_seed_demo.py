"""`manage.py seed_demo`: a site, its people and its studies, once however often it is called."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Membership, Site, User
from accounts.roles import Role
from screening.management.commands import seed_demo
from screening.models import Instance, Patient, Study, TriageBasis
from screening.phantoms.catalogue import DEMO_STUDIES, DemoStudy
from screening.phantoms.head import head_ct
from screening.phantoms.headers import fictional_patient
from screening.programmes import PROGRAMMES
from screening.selectors.registry import active_row, triage_basis
from screening.services.rights import set_triage

pytestmark = pytest.mark.django_db
MADE: list[int] = []


def tiny(seed: int) -> DemoStudy:
    patient = fictional_patient(seed)

    def make():
        MADE.append(seed)
        return head_ct(seed, slices=2, patient=patient)

    return DemoStudy(f"tiny {seed}", patient.patient_id, make)


@pytest.fixture(autouse=True)
def small_demo(monkeypatch, tmp_path):
    """Two tiny studies, and no real images whatever lies on this machine."""
    MADE.clear()
    monkeypatch.setattr(seed_demo, "DEMO_STUDIES", (tiny(901), tiny(902)))
    monkeypatch.setattr(seed_demo, "data_folder", lambda: tmp_path / "none")


def seed(*arguments: str) -> str:
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def everything() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (Site, User, Membership, Patient, Study, Instance)}


def test_the_first_call_makes_the_site_a_person_for_each_role_and_the_studies():
    told = seed()
    assert "tiny 901" in told
    demo = Site.objects.get(slug="demo")
    assert set(Membership.objects.filter(site=demo).values_list("role", flat=True)) == set(Role)
    assert Study.objects.filter(site=demo).count() == 2
    assert Instance.objects.filter(site=demo).count() == 4
    assert User.objects.get(username="reader").check_password(seed_demo.PASSWORD)


def test_the_second_call_changes_nothing_and_draws_nothing():
    seed()
    before = everything()
    MADE.clear()
    assert seed() == ""
    assert everything() == before
    assert MADE == []


def test_a_study_that_is_missing_is_made_again_alone():
    seed()
    Study.objects.filter(patient__patient_id=fictional_patient(901).patient_id).delete()
    MADE.clear()
    seed()
    assert MADE == [901]
    assert Study.objects.count() == 2


def test_ones_own_folder_is_taken_in_and_a_second_time_adds_nothing(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    for number, data in enumerate(head_ct(903, slices=3, patient=fictional_patient(903)).files()):
        (folder / f"{number}.dcm").write_bytes(data)
    seed(f"--dicom={folder}")
    assert Study.objects.count() == 3
    before = everything()
    seed(f"--dicom={folder}")
    assert everything() == before


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match="no folder"):
        seed(f"--dicom={tmp_path / 'nowhere'}")


def test_every_demo_study_has_a_patient_of_its_own():
    patients = [study.patient_id for study in DEMO_STUDIES]
    assert len(set(patients)) == len(patients)


def test_the_demo_s_models_may_move_its_queue_for_show_and_an_administrator_s_no_stands():
    seed()
    demo = Site.objects.get(slug="demo")
    rows = [active_row(programme) for programme in PROGRAMMES]
    assert {triage_basis(row, demo) for row in rows} <= {TriageBasis.FOR_SHOW, TriageBasis.EARNED}
    set_triage(row=rows[0], site=demo, granted=False, reason="Seen enough.", actor=None)
    seed()
    assert triage_basis(rows[0], demo) == TriageBasis.TAKEN
