"""Which earlier score run a study is compared with."""

from __future__ import annotations

from django.utils import timezone

from screening.models import Patient, ScoreRun, Study
from screening.scoring.priors import prior_exam
from screening.states import AiState, RunStatus

# Further back lies nothing that a reader would compare with first.
LOOKED_AT = 8


def shares_a_past(patient: Patient) -> bool:
    """Is it known whose studies the patient row holds? Not without an ID, nor with two names or birth dates."""
    return bool(patient.patient_id) and not patient.mismatch


def still_a_prior(prior: ScoreRun, study: Study) -> bool:
    """Is the run that was chosen when the score was asked for still of the same patient, and its result standing?"""
    earlier = prior.study
    same = earlier.patient_id == study.patient_id and earlier.site_id == study.site_id
    return same and shares_a_past(study.patient) and earlier.ai_state == AiState.SCORED


def prior_run_of(study: Study, model_name: str) -> ScoreRun | None:
    """The newest result of the last earlier study that can be compared with this one; a query or two.

    Only of the same patient row, and so of the same site, issuer and PatientID, of the same programme and
    model. None for a patient without an ID or with a name or birth date that differed between images, and
    without a study date: then nobody knows whose, or which, came before.
    """
    if study.study_at is None or not shares_a_past(study.patient):
        return None
    day = timezone.localtime(study.study_at).date()
    runs = ScoreRun.objects.filter(
        study__patient_id=study.patient_id,
        study__site_id=study.site_id,
        study__ai_state=AiState.SCORED,
        study__study_at__lt=study.study_at,
        programme=study.programme,
        model_name=model_name,
        status=RunStatus.SUCCEEDED,
    ).exclude(study=study)
    for run in runs.order_by("-study__study_at", "-id")[:LOOKED_AT]:
        exam = prior_exam(run.result)
        if exam is not None and exam.study_date < day:
            return run
    return None
