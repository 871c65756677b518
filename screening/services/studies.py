"""A study's completion: from RECEIVING to the queue, with its programme chosen."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User, Verb
from config.jobs import enqueue
from screening.models import Study
from screening.programmes import route
from screening.selectors.programmes import quiet_times, usual_quiet_seconds
from screening.services import scoring
from screening.services.priority import first_due
from screening.services.routing import facts_of
from screening.signals import study_completed
from screening.states import STUDY_TABLE, AiState, InvalidTransition, LostRace, StudyStatus, advance


def close_study(*, study: Study, actor: User | None = None, quiet_since: datetime | None = None) -> Study:
    """Take a study as complete: choose its programme, give it its due time, ask for a score.

    Before: RECEIVING, or READING or REPORTED and not (or no longer) closed. After: QUEUED (a score
    was asked for), TO_READ (no AI for it), or READING or REPORTED as before. A due time that an
    earlier score brought forward stays. Raises `LostRace` when it moved meanwhile: another has
    closed it, or an image came after `quiet_since`.
    """
    with transaction.atomic():
        # With the row's lock no image comes between the look at the images and the request for their score.
        study.refresh_from_db(from_queryset=Study.objects.select_for_update())
        if study.closed_at is not None or (quiet_since and study.last_instance_at > quiet_since):
            raise LostRace(f"Study {study.pk} is not waiting to be closed.")
        chosen = route(facts_of(study))
        due, rule = first_due(
            received_at=study.received_at,
            order_priority=study.order_priority,
            programme=chosen.programme or "",
            site_id=study.site_id,
        )
        base = min(due, study.base_due_at)
        earlier = study.due_at <= base and study.due_at < due
        in_scope = chosen.programme is not None
        advance(
            study,
            STUDY_TABLE,
            "close",
            closed_at=timezone.now(),
            programme=chosen.programme or "",
            route_reason=chosen.reason[:200],
            base_due_at=base,
            due_at=min(base, study.due_at),
            due_rule=study.due_rule if earlier else rule[:300],
            ai_state=AiState.PENDING if in_scope else AiState.OUT_OF_SCOPE,
            ai_reason="" if in_scope else chosen.reason[:400],
            score=0.0,
        )
        audit.record(
            Verb.STUDY_CLOSED,
            actor=actor,
            site=study.site,
            object_type="study",
            object_id=study.study_uid,
            detail={"programme": chosen.programme or "", "instances": study.instance_count},
        )
        if in_scope:
            scoring.request_score(study=study)
        elif study.status == StudyStatus.QUEUED:
            advance(study, STUDY_TABLE, "no_ai")
        study_completed.send(sender=Study, study=study)
        enqueue("prepare_metadata", study.pk)
    return study


def close_quiet_studies() -> int:
    """Close every study that has been quiet for its programme's quiet time at its site; returns how many.

    Which programme that is shows from the images that are there so far.
    """
    closed = 0
    now = timezone.now()
    usual, own = usual_quiet_seconds(), quiet_times()
    quiet = now - timedelta(seconds=min([usual, *own.values()]))
    open_studies = Study.objects.filter(
        closed_at__isnull=True,
        status__in=(StudyStatus.RECEIVING, StudyStatus.READING, StudyStatus.REPORTED),
        last_instance_at__lte=quiet,
        instance_count__gt=0,
    ).select_related("site")
    sites = {site for site, _programme in own}
    for study in open_studies:
        seconds = usual
        if study.site_id in sites:
            seconds = own.get((study.site_id, route(facts_of(study)).programme or ""), usual)
        since = now - timedelta(seconds=seconds)
        if study.last_instance_at > since:
            continue
        try:
            close_study(study=study, quiet_since=since)
        except (LostRace, InvalidTransition):
            continue  # an image came, or a reader took it: the next sweep looks again
        closed += 1
    return closed
