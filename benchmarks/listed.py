"""Studies for a long worklist: rows without images, each scored, with a run and two findings."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from accounts.models import Site
from screening.models import Finding, Patient, ScoreRun, Study, Tier
from screening.programmes import PROGRAMMES
from screening.states import AiState, RunStatus, StudyStatus

# A result carries its heat maps, a few thousand bytes each; the list has no use for them.
CARRIED = [{"id": f"f{number}", "heat_map": {"box": [0, 0, 9, 9], "png": "A" * 4000}} for number in (1, 2)]


def fill(site: Site, first: int, last: int) -> None:
    """Scored studies number `first` up to `last`, each with a run and two findings."""
    draw = random.Random(first)
    now = timezone.now()
    patients = Patient.objects.bulk_create(
        [
            Patient(site=site, patient_id=f"B-{n:06d}", name=f"BENCH^N{n}", birth_date="1960-01-01", sex="F")
            for n in range(first, last)
        ]
    )
    studies = []
    for patient in patients:
        received = now - timedelta(minutes=draw.randrange(3000))
        base = received + timedelta(hours=72)
        tier = draw.choice(Tier.values)
        studies.append(
            Study(
                site=site,
                patient=patient,
                study_uid=f"1.2.826.0.1.3680043.10.9.{patient.pk}",
                description="CT chest",
                modality="CT",
                programme=draw.choice(list(PROGRAMMES)),
                instance_count=200,
                status=StudyStatus.TO_READ,
                ai_state=AiState.SCORED,
                score=draw.random(),
                tier=tier,
                received_at=received,
                last_instance_at=received,
                base_due_at=base,
                due_at=base - timedelta(minutes=draw.randrange(4000)),
            )
        )
    Study.objects.bulk_create(studies)
    runs = ScoreRun.objects.bulk_create(
        [
            ScoreRun(
                study=study,
                programme=study.programme,
                inputs_sha256=f"{study.pk:064x}",
                model_name="benchmark",
                model_version="1",
                model_sha256="0" * 64,
                status=RunStatus.SUCCEEDED,
                requested_at=now,
                result={"above_threshold": True, "score": study.score, "limitations": [], "findings": CARRIED},
            )
            for study in studies
        ]
    )
    Finding.objects.bulk_create(
        [
            Finding(
                run=run,
                number=number,
                key=f"f{number}",
                type="nodule",
                location="right upper lobe",
                size_mm=8.0,
                probability=0.7,
                series_uid="1.2.3",
                sop_uid="1.2.3.4",
                frame=1,
                box=[1.0, 1.0, 9.0, 9.0],
            )
            for run in runs
            for number in (1, 2)
        ]
    )  # fmt: skip
