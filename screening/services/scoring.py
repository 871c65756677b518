"""Score runs: asked for, claimed with a lease, recorded once, swept when lost.

The run's row is the truth; the broker's message only wakes a worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Verb
from config.jobs import JOBS, enqueue
from screening.models import Finding, Instance, OrderPriority, ScoreRun, Study
from screening.scoring.bundle import BundleError
from screening.selectors.priors import prior_run_of
from screening.selectors.registry import allows_triage, basis_of_run, triage_basis
from screening.services.priority import due_after_score
from screening.services.registry import active_bundle
from screening.signals import study_scored
from screening.states import RUN_TABLE, STUDY_TABLE, AiState, LostRace, RunStatus, StudyStatus, advance

JOB = JOBS["score_study"]
# A message that nobody acted on for so long is sent again.
MESSAGE_PATIENCE = timedelta(minutes=2)
COMPARED = ("model_name", "model_version", "model_sha256", "triage_basis", "prior_run_id")


def inputs_sha256(digests: Iterable[str]) -> str:
    """One digest over the digests of all images, whatever their order."""
    return hashlib.sha256("\n".join(sorted(digests)).encode("ascii")).hexdigest()


def request_score(*, study: Study) -> ScoreRun | None:
    """Ask for one score of the study as it is now; asking twice gives the same run.

    Before: `study.programme` is set. After: a run PENDING and enqueued on commit, of the bundle that
    reads the programme now, or the earlier run of the same inputs applied again; or, without a
    usable bundle, the study's AI state is failed with the reason and None is returned.
    An earlier study scored since then gives a run of its own, but only here, when asked: by itself
    it changes nothing that stands. So does a result of another version in between.
    """
    try:
        key, values = _wanted(study)
    except BundleError as error:
        _show(study, ai_state=AiState.FAILED, ai_reason=str(error)[:400])
        return None
    run = ScoreRun.objects.filter(**key).order_by("-round").first()
    if run is None or run.prior_run_id != values["prior_run_id"] or _is_superseded(run):
        number = run.round + 1 if run else 1
        run, created = ScoreRun.objects.get_or_create(**key, round=number, defaults=values)
        if created:
            _send(run, study)
            return run
    if run.status in (RunStatus.SUCCEEDED, RunStatus.REFUSED, RunStatus.FAILED):
        _apply(run)
    return run


def request_score_again(*, study: Study) -> ScoreRun | None:
    """Ask the bundle that reads the programme now once more; a run is added, those there are stay.

    None, and nothing done, when that would say nothing new: its run of these images, made with the
    right it has now, waits, runs, or was not a failure. Raises `BundleError` without a usable
    bundle; the study keeps the result it has.
    """
    key, values = _wanted(study)
    newest = ScoreRun.objects.filter(study=study, inputs_sha256=key["inputs_sha256"]).order_by("-id").first()
    told = {**key, **values}
    if newest and newest.finished_at is None:
        told["triage_basis"] = newest.triage_basis  # its result will be recorded with the right of that moment
    if newest and newest.status != RunStatus.FAILED and all(getattr(newest, name) == told[name] for name in COMPARED):
        return None
    last = ScoreRun.objects.filter(**key).aggregate(last=Max("round"))["last"] or 0
    run, created = ScoreRun.objects.get_or_create(**key, round=last + 1, defaults=values)
    if created:
        _send(run, study)
    return run if created else None


def _wanted(study: Study) -> tuple[dict[str, Any], dict[str, Any]]:
    """What tells a run from others (but its round), and what it is made with. Raises `BundleError`."""
    row, bundle = active_bundle(study.programme)
    basis = triage_basis(row, study.site)
    prior = prior_run_of(study, bundle.model.name)
    key = {
        "study": study,
        "inputs_sha256": _inputs_of(study),
        "model_name": bundle.model.name,
        "model_version": bundle.model.version,
    }
    return key, {
        "programme": study.programme,
        "model_sha256": bundle.model.sha256,
        "may_triage": allows_triage(basis),
        "triage_basis": basis,
        "prior_run_id": prior.pk if prior else None,
        "requested_at": timezone.now(),
        "lease_until": timezone.now() + MESSAGE_PATIENCE,
    }


def _inputs_of(study: Study) -> str:
    return inputs_sha256(Instance.objects.filter(series__study=study).values_list("sha256", flat=True))


def _send(run: ScoreRun, study: Study) -> None:
    enqueue("score_study", run.pk, urgent=study.order_priority != OrderPriority.ROUTINE)


def claim_run(*, run_id: int) -> ScoreRun | None:
    """Take a waiting run, or one whose lease expired, for this worker.

    Before: PENDING, or RUNNING with an expired lease. After: RUNNING with a new lease, one more
    attempt, and the study SCORING if it waited in the queue. None: nothing to do here (gone,
    finished, somebody else's, or out of attempts or of images that are no longer all, in which
    cases it has FAILED).
    """
    now = timezone.now()
    with transaction.atomic():
        run = ScoreRun.objects.select_related("study__site").filter(pk=run_id).first()
        if run is None or run.status not in (RunStatus.PENDING, RunStatus.RUNNING):
            return None
        if run.status == RunStatus.RUNNING and run.lease_until and run.lease_until > now:
            return None
        if run.attempt >= JOB.attempts:
            _fail(run, _("The model did not finish in %(n)d attempts.") % {"n": JOB.attempts})
            return None
        if run.inputs_sha256 != _inputs_of(run.study):
            _fail(run, _more_images())
            return None
        claimed = ScoreRun.objects.filter(pk=run.pk, status=run.status, attempt=run.attempt).update(
            status=RunStatus.RUNNING,
            attempt=F("attempt") + 1,
            lease_until=now + timedelta(seconds=JOB.lease_s),
            started_at=now,
            progress=0.0,
        )
        if not claimed:
            return None
        run.refresh_from_db()
        if run.study.status == StudyStatus.QUEUED:
            with suppress(LostRace):  # a reader took it, or an image came: it is theirs
                advance(run.study, STUDY_TABLE, "start_scoring")
    return run


def renew_lease(*, run_id: int, attempt: int, progress: float) -> bool:
    """Keep a run; False when it is no longer this attempt's, and the worker must stop."""
    return bool(
        ScoreRun.objects.filter(pk=run_id, status=RunStatus.RUNNING, attempt=attempt).update(
            lease_until=timezone.now() + timedelta(seconds=JOB.lease_s), progress=min(1.0, max(0.0, progress))
        )
    )


def is_outdated(*, run_id: int) -> bool:
    """Have images come to the study since the run was asked for?"""
    run = ScoreRun.objects.select_related("study").filter(pk=run_id).first()
    return run is not None and run.inputs_sha256 != _inputs_of(run.study)


def record_result(*, run_id: int, attempt: int, result: dict[str, Any]) -> bool:
    """Record what the model gave, in one transaction, only if `attempt` is still the current one.

    result: one line of `score --json`, state "scored" or "refused". After: the run SUCCEEDED or
    REFUSED with its findings and the right its model has now, the study's AI state, score, tier and
    due time set, TO_READ if it waited; audited; `study_scored` sent. When images came meanwhile, the run alone is changed.
    False: a later attempt owns the run, nothing changed.
    """
    with transaction.atomic():
        run = _current(run_id, attempt)
        if run is None:
            return False
        scored = result["state"] == "scored"
        basis = basis_of_run(run)
        try:
            advance(
                run,
                RUN_TABLE,
                "succeed" if scored else "refuse",
                finished_at=timezone.now(),
                lease_until=None,
                progress=1.0,
                reason=(result["reason"] or "")[:400],
                result=result,
                may_triage=allows_triage(basis),
                triage_basis=basis,
            )
        except LostRace:
            return False
        if scored:
            Finding.objects.bulk_create(_findings(run, result["findings"]))
        _speak(run)
    return True


def record_failure(*, run_id: int, attempt: int, reason: str, final: bool = False) -> None:
    """An attempt ended in an error: queue it again, or, after the last attempt or a `final` error, let it be failed."""
    with transaction.atomic():
        run = _current(run_id, attempt)
        if run is None:
            return
        if run.attempt < JOB.attempts and not final:
            _requeue(run)
        else:
            _fail(run, reason)


def record_outdated(*, run_id: int, attempt: int) -> None:
    """The attempt was stopped because more images came: it has failed, and the study says nothing of it."""
    record_failure(run_id=run_id, attempt=attempt, reason=_more_images(), final=True)


def sweep_leases() -> int:
    """Queue again what a lost worker or a lost message left behind; returns how many."""
    now = timezone.now()
    swept = 0
    lost = ScoreRun.objects.filter(
        Q(status=RunStatus.RUNNING, lease_until__lte=now)
        | Q(status=RunStatus.PENDING) & (Q(lease_until__lte=now) | Q(lease_until__isnull=True))
    )
    for pk in list(lost.values_list("pk", flat=True)):
        with transaction.atomic():
            run = lost.select_related("study__site").filter(pk=pk).first()
            if run is None:
                continue  # its worker was only slow, or another has taken it
            if run.status == RunStatus.RUNNING and run.attempt >= JOB.attempts:
                _fail(run, _("The model did not finish in %(n)d attempts.") % {"n": JOB.attempts})
            elif run.status == RunStatus.RUNNING:
                _requeue(run)
            else:
                ScoreRun.objects.filter(pk=run.pk, status=run.status).update(lease_until=now + MESSAGE_PATIENCE)
                _send(run, run.study)
        swept += 1
    return swept


def withdraw_rescoring(*, study: Study) -> int:
    """The study is being reported: give up what would put another result beside the one that was read. How many.

    Called inside the signing transaction. A first result that is still to come is not given up: it is
    news to the reader, signed or not. A worker that finishes a withdrawn run records nothing.
    """
    spoken = (RunStatus.SUCCEEDED, RunStatus.REFUSED)
    answered = ScoreRun.objects.filter(study=study, inputs_sha256=OuterRef("inputs_sha256"), status__in=spoken)
    waiting = ScoreRun.objects.filter(study=study, status__in=(RunStatus.PENDING, RunStatus.RUNNING))
    withdrawn = 0
    for run in waiting.filter(Exists(answered)):
        reason = _("The study was reported first; it keeps the result it was signed with.")
        with suppress(LostRace):  # it came in this moment, and is what the reader could see
            advance(run, RUN_TABLE, "fail", finished_at=timezone.now(), lease_until=None, reason=reason)
            withdrawn += 1
    return withdrawn


def _current(run_id: int, attempt: int) -> ScoreRun | None:
    return (
        ScoreRun.objects.select_related("study__site")
        .filter(pk=run_id, status=RunStatus.RUNNING, attempt=attempt)
        .first()
    )


def _requeue(run: ScoreRun) -> None:
    try:
        advance(run, RUN_TABLE, "requeue", lease_until=timezone.now() + MESSAGE_PATIENCE, progress=0.0)
    except LostRace:
        return
    if run.study.status == StudyStatus.SCORING:
        with suppress(LostRace):  # a reader took it, or an image came: it is theirs
            advance(run.study, STUDY_TABLE, "retry")
    _send(run, run.study)


def _more_images() -> str:
    return _("More images came; a run of its own reads them all.")


def _fail(run: ScoreRun, reason: str) -> None:
    try:
        advance(run, RUN_TABLE, "fail", finished_at=timezone.now(), lease_until=None, reason=reason[:400])
    except LostRace:
        return
    _speak(run)


def _findings(run: ScoreRun, findings: list[dict[str, Any]]) -> list[Finding]:
    return [
        Finding(
            run=run,
            number=number,
            key=finding["id"],
            type=finding["type"],
            location=finding["location"],
            size_mm=finding["size_mm"],
            probability=finding["probability"],
            series_uid=finding["series_uid"],
            sop_uid=finding["sop_uid"],
            frame=finding["frame"],
            box=finding["box"],
            contour=finding.get("contour"),
            attributes=finding.get("attributes", {}),
        )
        for number, finding in enumerate(findings, start=1)
    ]


def _speak(run: ScoreRun) -> None:
    if _apply(run):
        study_scored.send(sender=ScoreRun, run=run)


def _apply(run: ScoreRun) -> bool:
    """Let the study show what its run came to. False when there is nothing new to say: images came
    since, whose own run reads them, scoring again failed and the result there was goes on standing, or a
    run that was asked for later has spoken already."""
    study = run.study
    # With the row's lock no image comes between this look and the change.
    study.refresh_from_db(from_queryset=Study.objects.select_for_update())
    if run.inputs_sha256 != _inputs_of(study):
        return False
    stands = _is_superseded(run) or (run.status == RunStatus.FAILED and _stands_already(run))
    _show(study, **({} if stands else _outcome(study, run)))
    audit.record(
        Verb.STUDY_SCORED,
        actor=None,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail={"run": run.pk, "state": run.status, "model": f"{run.model_name}@{run.model_version}"},
    )
    return not stands


def _outcome(study: Study, run: ScoreRun) -> dict[str, Any]:
    """The study's fields as this finished run leaves them."""
    if run.status != RunStatus.SUCCEEDED:
        state = AiState.REFUSED if run.status == RunStatus.REFUSED else AiState.FAILED
        return {"ai_state": state, "ai_reason": run.reason}
    tier, rule = run.result["tier"], run.result["tier_rule"]
    due, due_rule = due_after_score(study=study, tier=tier, tier_rule=rule, may_triage=run.may_triage)
    return {
        "ai_state": AiState.SCORED,
        "ai_reason": "",
        "score": run.result["score"],
        "tier": tier if run.may_triage else study.tier,
        "tier_rule": rule[:300],
        "due_at": due,
        "due_rule": due_rule,
    }


def _is_superseded(run: ScoreRun) -> bool:
    """Has a run of the same images that was asked for later come to a result or a refusal? Whichever worker
    is slower, the study shows what was asked for last, as `selectors.results` reads it."""
    spoken = (RunStatus.SUCCEEDED, RunStatus.REFUSED)
    later = ScoreRun.objects.filter(study=run.study, inputs_sha256=run.inputs_sha256, pk__gt=run.pk)
    return later.filter(status__in=spoken).exists()


def _stands_already(run: ScoreRun) -> bool:
    """Does the study show another run's result of the same images? Scoring again and failing takes nothing away."""
    earlier = ScoreRun.objects.filter(
        study=run.study, inputs_sha256=run.inputs_sha256, status=RunStatus.SUCCEEDED
    ).exclude(pk=run.pk)
    return run.study.ai_state == AiState.SCORED and earlier.exists()


def _show(study: Study, **fields: Any) -> None:
    if fields:
        Study.objects.filter(pk=study.pk).update(**fields)
    for name, value in fields.items():
        setattr(study, name, value)
    study.refresh_from_db(fields=["status"])
    if study.status == StudyStatus.SCORING:
        advance(study, STUDY_TABLE, "scored")
    elif study.status == StudyStatus.QUEUED:
        advance(study, STUDY_TABLE, "no_ai")
