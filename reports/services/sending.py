"""The outbox: what a signature, a result or a late task leaves for other systems, sent at least once, each thing once.

Rows are made in the transaction of what they tell, so that nothing signed is forgotten and nothing that was rolled
back is sent. A worker claims a row with a lease; when it dies the row is claimed again. What is sent carries ids that
follow from what was signed, so that a receiver knows a second copy.
"""

from __future__ import annotations

import hashlib
import random
import time
from datetime import timedelta

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Least
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from config.jobs import JOBS, enqueue
from reports.models import CommunicationTask, Delivery, Document, Meaning, Moment, Signature, Target
from reports.services import delivering
from reports.services.delivering import NothingToSend, NotYet
from reports.states import DELIVERY_TABLE, DeliveryStatus
from reports.targets.results import Accepted, NotSent
from screening.dicom.elements import clean
from screening.models import GlassBreak, ScoreRun
from screening.states import InvalidTransition, LostRace, advance

JOB = JOBS["send_delivery"]
LEASE = timedelta(seconds=JOB.lease_s)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 3600.0
# A sweep ends after so long, so that two do not pile up behind a slow target.
SWEEP_S = 30.0
AT_ONCE = 100
UNDER_WAY = (DeliveryStatus.WAITING, DeliveryStatus.SENDING)
log = structlog.get_logger(__name__)


class DeliveryConflict(Exception):
    """The delivery has moved on; `str(error)` says how. Answered with 409."""


class DeliveryError(ValueError):
    """What was asked cannot be done; `str(error)` says why. Answered with 400."""


def queue_signed(signature: Signature) -> int:
    """Called in the signature's transaction: a row for each target and document that wants it. How many."""
    if signature.meaning == Meaning.ERASED:
        return 0  # there is nothing left to send
    before = Signature.objects.filter(report=signature.report, sequence__lt=signature.sequence)
    if signature.meaning == Meaning.PRELIMINARY:
        moment = Moment.PRELIMINARY
    elif signature.meaning == Meaning.FINAL and not before.exclude(meaning=Meaning.PRELIMINARY).exists():
        moment = Moment.FINAL
    else:
        moment = Moment.CORRECTED
    told = {"signature": signature, "report": signature.report}
    return _queue(signature.site, moment, signature.content_sha256, **told)


def queue_result(run: ScoreRun) -> int:
    """Called in the transaction that records a result, for sites that want it before anybody has signed."""
    digest = _digest("run", run.inputs_sha256, run.model_sha256, run.round)
    return _queue(run.study.site, Moment.UNVERIFIED, digest, run=run)


def queue_alert(task: CommunicationTask, time_number: int) -> int:
    """Called in the transaction of an escalation."""
    return _queue(task.site, Moment.LATE, _digest("late", task.pk, time_number), task=task)


def queue_emergency(glass: GlassBreak) -> int:
    """Called in the transaction that opens a study of another site: the study's own site is told."""
    return _queue(glass.study.site, Moment.EMERGENCY, _digest("emergency", glass.pk), glass=glass)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x00".join(str(part) for part in parts).encode()).hexdigest()


def _queue(site: Site, moment: str, digest: str, **told: object) -> int:
    now = timezone.now()
    wanted = [each for each in Target.objects.filter(site=site, is_on=True) if moment in each.moments]
    made = 0
    for target in wanted:
        for document in target.documents:
            if moment == Moment.UNVERIFIED and document not in (Document.SR, Document.SEG):
                continue
            fields = {"site": site, "moment": moment, "next_at": now, "created_at": now, **told}
            row, created = Delivery.objects.get_or_create(
                target=target, document=document, digest=digest, defaults=fields
            )
            if created:
                made += 1
                enqueue("send_delivery", row.pk)
    return made


def send_delivery(delivery_id: int) -> bool:
    """Send one. False when it is not due, somebody else has it, or its target rests."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return False
    try:
        sent = delivering.send(delivery)
    except NotSent as error:
        _not_sent(delivery, error)
    except NothingToSend:
        _end(delivery, "empty")
    except NotYet as error:
        _wait(delivery, error.seconds)
    else:
        _sent(delivery, sent.accepted, sent.sha256)
    return True


def sweep_deliveries() -> int:
    """Send what is due: new rows whose message was lost, failed tries whose pause is over, and what a lost worker
    held. Run by beat. How many were tried."""
    until = time.monotonic() + SWEEP_S
    tried = 0
    for pk in list(_due().values_list("pk", flat=True)[:AT_ONCE]):
        if time.monotonic() > until:
            break
        tried += send_delivery(pk)
    return tried


def _due() -> QuerySet[Delivery]:
    now = timezone.now()
    rows = Delivery.objects.filter(
        Q(status=DeliveryStatus.WAITING, next_at__lte=now) | Q(status=DeliveryStatus.SENDING, lease_until__lte=now)
    )
    rests = Q(target__retry_at__gt=now) | Q(target__is_on=False)
    return rows.exclude(rests).order_by("next_at", "id")


def _claim(delivery_id: int) -> Delivery | None:
    """The delivery, for this worker alone until its lease ends.

    What told an earlier state of the same report goes first; where a newer state waits too, only that one goes.
    """
    with transaction.atomic():
        if not _locked_with_its_report(delivery_id) or not _due().filter(pk=delivery_id).exists():
            return None
        delivery = Delivery.objects.select_related(
            "target",
            "site",
            "report__study__site",
            "report__study__patient",
            "run__study__site",
            "task__study__site",
            "glass__study__site",
        ).get(pk=delivery_id)
        same = Delivery.objects.filter(target=delivery.target, document=delivery.document, report=delivery.report)
        of_report = same.filter(report__isnull=False)
        if of_report.filter(pk__lt=delivery.pk, status=DeliveryStatus.SENDING).exists():
            return None
        now = timezone.now()
        advance(
            delivery,
            DELIVERY_TABLE,
            "claim",
            attempt=delivery.attempt + 1,
            tries=delivery.tries + 1,
            lease_until=now + LEASE,
        )
        if of_report.filter(pk__gt=delivery.pk).exclude(status=DeliveryStatus.GIVEN_UP).exists():
            advance(delivery, DELIVERY_TABLE, "supersede", finished_at=now, lease_until=None)
            return None
        if delivery.tries > JOB.attempts:
            _fail(delivery, NotSent("lost"))
            return None
    return delivery


def _locked_with_its_report(delivery_id: int) -> bool:
    """Lock the row with what else goes from its report to its target, the oldest first: nobody claims two of them at
    the same moment. False when there is no such row."""
    row = Delivery.objects.filter(pk=delivery_id).first()
    if row is None:
        return False
    rows = Delivery.objects.filter(pk=delivery_id)
    if row.report_id is not None:
        rows = Delivery.objects.filter(target=row.target_id, document=row.document, report=row.report_id)
    return bool(list(rows.select_for_update().order_by("pk")))


def _current(delivery: Delivery) -> Delivery | None:
    """The row, locked, while this attempt still owns it."""
    rows = Delivery.objects.select_for_update().filter(
        pk=delivery.pk, status=DeliveryStatus.SENDING, attempt=delivery.attempt
    )
    return rows.first()


def _sent(delivery: Delivery, accepted: Accepted, sha256: str) -> None:
    with transaction.atomic():
        if _current(delivery) is None:
            return
        fields = {"finished_at": timezone.now(), "lease_until": None, "reason": "", "detail": accepted.note[:40]}
        advance(delivery, DELIVERY_TABLE, "sent", sent_sha256=sha256, **fields)
        Target.objects.filter(pk=delivery.target_id).update(failures=0, retry_at=None)
        _record(Verb.DOCUMENT_SENT, delivery, None, None, sha256=sha256)


def _not_sent(delivery: Delivery, error: NotSent) -> None:
    """Try later, or put it on the list of what could not be sent."""
    now = timezone.now()
    with transaction.atomic():
        if _current(delivery) is None:
            return
        stored = [*delivery.stored, *(uid for uid in error.stored if uid not in delivery.stored)]
        delivery.stored = stored
        Delivery.objects.filter(pk=delivery.pk).update(stored=stored)
        if error.unreachable:
            _let_rest(delivery.target, error.after_s)
        if error.final or delivery.tries >= JOB.attempts:
            _fail(delivery, error)
            return
        due = now + timedelta(seconds=max(pause_s(delivery.tries), error.after_s))
        told = {"reason": error.code, "detail": error.detail[:40]}
        advance(delivery, DELIVERY_TABLE, "retry", next_at=due, lease_until=None, **told)
    log.info("delivery_not_sent", delivery=delivery.pk, code=error.code, detail=error.detail, tries=delivery.tries)


def _fail(delivery: Delivery, error: NotSent) -> None:
    told = {"reason": error.code, "detail": error.detail[:40]}
    advance(delivery, DELIVERY_TABLE, "fail", finished_at=timezone.now(), lease_until=None, **told)
    _record(Verb.DOCUMENT_NOT_SENT, delivery, None, None, reason=error.code, code=error.detail[:40])
    log.warning("delivery_failed", delivery=delivery.pk, target=delivery.target_id, code=error.code)


def _let_rest(target: Target, after_s: float) -> None:
    """Nobody there: what else waits for it is not tried one by one. Its pauses grow, with every row's tries apart."""
    Target.objects.filter(pk=target.pk).update(failures=Least(F("failures") + 1, 1000))
    target.refresh_from_db(fields=["failures"])
    pause = max(pause_s(target.failures), after_s)
    Target.objects.filter(pk=target.pk).update(retry_at=timezone.now() + timedelta(seconds=pause))


def _end(delivery: Delivery, event: str) -> None:
    with transaction.atomic():
        if _current(delivery) is not None:
            advance(delivery, DELIVERY_TABLE, event, finished_at=timezone.now(), lease_until=None)


def _wait(delivery: Delivery, seconds: float) -> None:
    """It is not time yet: that was no try."""
    with transaction.atomic():
        if _current(delivery) is not None:
            due = timezone.now() + timedelta(seconds=seconds)
            tries = max(0, delivery.tries - 1)
            advance(delivery, DELIVERY_TABLE, "retry", next_at=due, lease_until=None, tries=tries)


def pause_s(tries: int) -> float:
    """Seconds until the next try after so many: twice as long each time, up to an hour, and never the same for all."""
    whole = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(max(tries, 1) - 1, 20))
    return whole * random.uniform(0.5, 1.0)


def send_again(*, delivery: Delivery, actor: User, request: HttpRequest | None = None) -> None:
    """A person asks for another day of tries. Raises `DeliveryConflict`, PermissionDenied."""
    _may(actor, delivery)
    newer = Delivery.objects.filter(
        target=delivery.target, document=delivery.document, report=delivery.report, pk__gt=delivery.pk
    )
    if delivery.report_id and newer.exclude(status=DeliveryStatus.GIVEN_UP).exists():
        raise DeliveryConflict(_("A newer state of this report goes to this target: the older one is not sent again."))
    try:
        with transaction.atomic():
            fields = {"tries": 0, "next_at": timezone.now(), "finished_at": None}
            advance(delivery, DELIVERY_TABLE, "again", **fields)
            Target.objects.filter(pk=delivery.target_id).update(retry_at=None)
            _record(Verb.DELIVERY_SENT_AGAIN, delivery, actor, request)
            enqueue("send_delivery", delivery.pk)
    except (LostRace, InvalidTransition):
        raise DeliveryConflict(_("This document has moved on since you opened the page.")) from None


def give_up(*, delivery: Delivery, actor: User, reason: str, request: HttpRequest | None = None) -> None:
    """A person decides, with a reason, that it is not sent. Raises `DeliveryConflict`, `DeliveryError`."""
    _may(actor, delivery)
    words = clean(reason, 300)
    if len(words) < 5:
        raise DeliveryError(_("Give a reason: it stays with the change."))
    try:
        with transaction.atomic():
            advance(delivery, DELIVERY_TABLE, "give_up", finished_at=timezone.now())
            _record(Verb.DELIVERY_GIVEN_UP, delivery, actor, request, why=words)
    except (LostRace, InvalidTransition):
        raise DeliveryConflict(_("This document has moved on since you opened the page.")) from None


def _may(actor: User, delivery: Delivery) -> None:
    if not can(actor, Action.MANAGE_TARGETS, delivery.site):
        raise PermissionDenied(_("Your role does not allow this."))


def _record(verb: Verb, delivery: Delivery, actor: User | None, request: HttpRequest | None, **also: object) -> None:
    detail = {
        "target": delivery.target_id,
        "document": delivery.document,
        "moment": delivery.moment,
        "digest": delivery.digest,
        "attempt": delivery.attempt,
        **also,
    }
    audit.record(
        verb,
        actor=actor,
        site=delivery.site,
        object_type="delivery",
        object_id=delivery.pk,
        detail=detail,
        request=request,
    )
