"""Messages about late critical results and emergency accesses: by mail or webhook, few, without anything of the patient."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reports.models import CommunicationTask, Delivery, Target
from reports.selectors.communication import OPEN
from reports.services.reaching import reach, secret_of
from reports.states import DeliveryStatus
from reports.targets import webhook
from reports.targets.address import AnyAddress, MailAddress, WebAddress
from reports.targets.results import Accepted, NotSent
from screening.models import GlassBreak

# So many messages an hour to one target; the last of them says that more wait and where.
MOST, PER = 12, timedelta(hours=1)


class TooMany(Exception):
    """The hour's messages are used up; ask again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Settled(Exception):
    """Somebody has dealt with the result meanwhile: there is nothing to say any more."""


def send_alert(delivery: Delivery, place: AnyAddress) -> tuple[Accepted, str]:
    """Tell of the late result or the emergency access. (what the other side said, digest of the message). Raises
    `NotSent`, `TooMany`, `Settled`."""
    if delivery.glass is not None:
        return _tell(delivery, place, *_emergency(delivery.glass))
    task = delivery.task
    if task is None or task.status not in OPEN:
        raise Settled
    recent = _recent(delivery.target)
    if len(recent) >= MOST:
        # Until the oldest of them no longer counts.
        raise TooMany(max(1.0, (recent[0] + PER - timezone.now()).total_seconds()))
    last = len(recent) == MOST - 1
    return _tell(delivery, place, _said(task, last=last), *_late_mail(task, last=last))


def _tell(
    delivery: Delivery, place: AnyAddress, said: dict[str, object], subject: str, body: str
) -> tuple[Accepted, str]:
    if isinstance(place, MailAddress):
        return _mail(place, subject, body)
    if isinstance(place, WebAddress):
        accepted = webhook.post(reach(), place, said, delivery.digest, secret_of(delivery.target))
        return accepted, _sha256(json.dumps(said, sort_keys=True))
    raise NotSent("bad_address", final=True)


def _emergency(glass: GlassBreak) -> tuple[dict[str, object], str, str]:
    """The message for a webhook, and a mail's subject and text. Every access is told, however many there are; the reason
    is on the auditors' page, not here: it may name somebody."""
    page = settings.PUBLIC_URL + reverse("emergency")
    said: dict[str, object] = {
        "event": "emergency_access",
        "study_uid": glass.study.study_uid,
        "by": glass.user.username,
        "opened_at": glass.opened_at.isoformat(),
        "expires_at": glass.expires_at.isoformat(),
        "accesses": page,
    }
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Firstread: a study was opened in an emergency")
        who = _("%(who)s has opened study %(uid)s, without a role at this site, until %(until)s.") % {
            "who": glass.user.username,
            "uid": glass.study.study_uid,
            "until": timezone.localtime(glass.expires_at).strftime("%Y-%m-%d %H:%M"),
        }
        body = "\n".join((who, "", _("The reason, and all accesses: %(url)s") % {"url": page}))
    return said, subject, body


def _recent(target: Target) -> list[datetime]:
    since = timezone.now() - PER
    sent = Delivery.objects.filter(target=target, status=DeliveryStatus.SENT, task__isnull=False)
    moments = sent.filter(finished_at__gt=since).order_by("finished_at").values_list("finished_at", flat=True)
    return [each for each in moments if each is not None]


def _links(task: CommunicationTask) -> tuple[str, str]:
    """Of the study and of all open tasks; without PUBLIC_URL they are paths."""
    study = reverse("reading-room", args=(task.study.study_uid,))
    return settings.PUBLIC_URL + study, settings.PUBLIC_URL + reverse("tasks")


def _said(task: CommunicationTask, *, last: bool) -> dict[str, object]:
    study, tasks = _links(task)
    return {
        "event": "critical_result_late",
        "study_uid": task.study.study_uid,
        "study": study,
        "tasks": tasks,
        "tier": task.tier,
        "due_at": task.due_at.isoformat(),
        "escalation": task.escalations,
        "more_may_wait": last,
    }


def _late_mail(task: CommunicationTask, *, last: bool) -> tuple[str, str]:
    """Subject and text."""
    study, tasks = _links(task)
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Firstread: a critical result is late")
        lines = [
            _("Nobody was told of a critical result in time (escalation %(n)d).") % {"n": task.escalations},
            "",
            study,
            "",
            _("All open tasks: %(url)s") % {"url": tasks},
        ]
        if last:
            lines.append(_("No further message follows within the hour, even where more results are late."))
    return subject, "\n".join(lines)


def _mail(place: MailAddress, subject: str, body: str) -> tuple[Accepted, str]:
    if not settings.EMAIL_HOST:
        raise NotSent("mail_off", unreachable=True)
    message = EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, list(place.to))
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        raise NotSent("mail_refused", final=True) from error
    except (SMTPException, OSError) as error:
        raise NotSent("no_mail", unreachable=True) from error
    return Accepted(), _sha256(body)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
