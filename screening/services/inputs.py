"""A stored study as a scorer's input."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from screening.dicom.parse import usable_header
from screening.models import Instance, ScoreRun, Study
from screening.scoring.priors import prior_exam
from screening.scoring.types import InstanceInput, StudyInput
from screening.selectors.priors import still_a_prior
from screening.storage import storage


def read_object(key: str) -> bytes:
    with storage().open_range(key) as stream:
        return stream.read()


def run_input(run: ScoreRun) -> StudyInput:
    """What the run was asked to read: its study, and the earlier one as its own run found it, unless images
    that came since have put in doubt whose it is or what was found."""
    prior = ScoreRun.objects.select_related("study").filter(pk=run.prior_run_id).first() if run.prior_run_id else None
    exam = prior_exam(prior.result, prior.pk) if prior and still_a_prior(prior, run.study) else None
    return replace(study_input(run.study), prior=exam)


def study_input(study: Study) -> StudyInput:
    """Headers now, pixels when asked for; in a fixed order, so that the same study gives the same result."""
    instances = Instance.objects.filter(series__study=study).order_by("series__series_uid", "number", "sop_uid")
    return StudyInput(
        study_uid=study.study_uid,
        instances=tuple(
            InstanceInput(
                dataset=usable_header(read_object(instance.sha256)),
                read=partial(read_object, instance.sha256),
            )
            for instance in instances
        ),
    )
