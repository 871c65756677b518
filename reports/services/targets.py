"""Targets, changed by administrators and tried without harm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.mail import get_connection
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from reports.models import Document, Moment, Target, TargetKind
from reports.services.reaching import prefix_of, reach, sealed_secret, secret_of
from reports.targets import address, cstore, fhir, stow, webhook
from reports.targets.reach import Limits
from reports.targets.results import Accepted, NotSent
from screening.dicom.elements import clean

OBJECTS = (Document.SR, Document.SEG, Document.PDF)
SIGNED = (Moment.PRELIMINARY, Moment.FINAL, Moment.CORRECTED)
# Kind → (what it can take, when).
OFFERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    TargetKind.STOW: (OBJECTS, (Moment.UNVERIFIED, *SIGNED)),
    TargetKind.CSTORE: (OBJECTS, (Moment.UNVERIFIED, *SIGNED)),
    TargetKind.MLLP: ((Document.HL7,), SIGNED),
    TargetKind.FHIR: ((Document.FHIR,), SIGNED),
    TargetKind.WEBHOOK: ((Document.ALERT,), (Moment.LATE, Moment.EMERGENCY)),
    TargetKind.MAIL: ((Document.ALERT,), (Moment.LATE, Moment.EMERGENCY)),
}
WITH_SECRET = frozenset({TargetKind.STOW, TargetKind.FHIR, TargetKind.WEBHOOK})
LONGEST_SECRET = 2000
# A person waits for the answer.
PROBE_LIMITS = Limits(connect_s=4.0, total_s=8.0, answer=256 * 1024)


class TargetRefused(ValueError):
    """`faults`: sentences that say what is wrong. Answered with 400."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for. secret: None leaves the one there is, "" takes it away."""

    kind: str
    name: str
    address: str
    documents: tuple[str, ...]
    moments: tuple[str, ...]
    secret: str | None = None
    secret_name: str = ""


def save_target(
    *, target: Target | None, site: Site, wanted: Wanted, actor: User, request: HttpRequest | None = None
) -> Target:
    """A new target of `site`, or `target` as it is wanted now. Raises `TargetRefused`, PermissionDenied.

    A secret stays with the place it was given for: another address needs it anew, else an administrator could have it
    sent to a machine of theirs.
    """
    _may(actor, site)
    wanted = _tidy(wanted)
    faults = _faults(wanted, site)
    if not faults and target is not None and _would_move_secret(target, wanted):
        faults = [_("The address is another: enter the secret again.")]
    if faults:
        raise TargetRefused(faults)
    row = target or Target(site=site)
    row.kind, row.name, row.address = wanted.kind, wanted.name, wanted.address
    row.documents, row.moments = list(wanted.documents), list(wanted.moments)
    row.secret_name, row.changed_by, row.changed_at = wanted.secret_name, actor, timezone.now()
    # What was wrong with the old address is no reason to wait with the new one.
    row.failures, row.retry_at = 0, None
    try:
        with transaction.atomic():
            row.save()
            if wanted.secret is not None or wanted.secret_name:
                row.secret = sealed_secret(row, wanted.secret) if wanted.secret else ""
                row.save(update_fields=["secret"])
            detail = {"kind": row.kind, "documents": row.documents, "moments": row.moments, "on": row.is_on}
            _record(Verb.TARGET_SAVED, row, actor, request, {**detail, "secret": bool(row.secret or row.secret_name)})
    except IntegrityError:
        raise TargetRefused([_("This site has a target of that name already.")]) from None
    return row


def switch_target(*, target: Target, on: bool, actor: User, request: HttpRequest | None = None) -> None:
    """Switched off, nothing is sent and nothing new is queued; what waits is kept. Raises PermissionDenied."""
    _may(actor, target.site)
    with transaction.atomic():
        changed = Target.objects.filter(pk=target.pk).exclude(is_on=on)
        if changed.update(is_on=on, failures=0, retry_at=None, changed_by=actor, changed_at=timezone.now()):
            _record(Verb.TARGET_SAVED, target, actor, request, {"on": on})


def try_target(*, target: Target, actor: User, request: HttpRequest | None = None) -> Accepted:
    """Ask the target whether it is there, storing nothing. Raises `NotSent`, PermissionDenied; either way audited."""
    _may(actor, target.site)
    outcome = "ok"
    try:
        return _probed(target)
    except NotSent as error:
        outcome = error.code
        raise
    finally:
        _record(Verb.TARGET_TRIED, target, actor, request, {"outcome": outcome})


def _probed(target: Target) -> Accepted:
    try:
        place = address.parsed(target.kind, target.address)
    except address.BadAddress as error:
        raise NotSent("bad_address", final=True) from error
    ours = replace(reach(), limits=PROBE_LIMITS)
    if isinstance(place, address.DicomAddress):
        return cstore.echo(ours, place)
    if isinstance(place, address.MllpAddress):
        # An empty message would be an error in the receiver's log: that somebody listens is all one may ask.
        ours.connected(place.host, place.port, tls=place.tls).close()
        return Accepted()
    if isinstance(place, address.MailAddress):
        return _mail_server()
    secret = secret_of(target)
    if target.kind == TargetKind.STOW:
        return stow.probe(ours, place, secret)
    if target.kind == TargetKind.FHIR:
        return fhir.probe(ours, place, secret)
    return webhook.post(ours, place, {"event": "probe"}, f"probe-{timezone.now().timestamp():.0f}", secret)


def _mail_server() -> Accepted:
    if not settings.EMAIL_HOST:
        raise NotSent("mail_off", final=True)
    connection = get_connection()
    try:
        connection.open()
        connection.close()
    except OSError as error:
        raise NotSent("no_mail", unreachable=True) from error
    return Accepted()


def _tidy(wanted: Wanted) -> Wanted:
    documents, moments = OFFERS.get(wanted.kind, ((), ()))
    if len(documents) == 1:
        wanted = replace(wanted, documents=documents)
    if len(moments) == 1:
        wanted = replace(wanted, moments=moments)
    secret = wanted.secret if wanted.kind in WITH_SECRET else ""
    return replace(
        wanted,
        name=clean(wanted.name, 60),
        address=wanted.address.strip(),
        documents=tuple(each for each in documents if each in wanted.documents),
        moments=tuple(each for each in moments if each in wanted.moments),
        secret=secret.strip() if secret else secret,
        secret_name=wanted.secret_name.strip() if wanted.kind in WITH_SECRET else "",
    )


def _faults(wanted: Wanted, site: Site) -> list[str]:
    faults = []
    if wanted.kind not in OFFERS:
        return [_("There is no such kind of target.")]
    if not wanted.name:
        faults.append(_("Give the target a name."))
    if not wanted.documents:
        faults.append(_("Choose what is sent."))
    if not wanted.moments:
        faults.append(_("Choose when it is sent."))
    elif wanted.moments == (Moment.UNVERIFIED,) and not {Document.SR, Document.SEG} & set(wanted.documents):
        faults.append(_("An AI result is sent as a structured report or a segmentation."))
    if wanted.secret and (len(wanted.secret) > LONGEST_SECRET or not wanted.secret.isprintable()):
        faults.append(_("This is no secret: it is too long, or holds signs that cannot be sent."))
    prefix = prefix_of(site)
    if wanted.secret_name and not re.fullmatch(re.escape(prefix) + "[A-Z0-9_]{1,40}", wanted.secret_name):
        faults.append(_("The variable's name begins with %(prefix)s.") % {"prefix": prefix})
    return faults + _address_faults(wanted)


def _address_faults(wanted: Wanted) -> list[str]:
    try:
        place = address.parsed(wanted.kind, wanted.address)
    except address.BadAddress as error:
        hints = {
            "secret": _("Leave user name and password out of the address: they belong into the secret."),
            "title": _("The address names no AE title, as in dicom://TITLE@host:104."),
            "scheme": _("The address begins with %(schemes)s.")
            % {"schemes": ", ".join(f"{each}://" for each in address.SCHEMES.get(wanted.kind, ()))},
        }
        return [hints.get(error.hint, _("This is no address of that kind."))]
    if isinstance(place, address.MailAddress):
        return []
    try:
        plain = isinstance(place, address.WebAddress) and not place.tls
        reach().allowed.pinned(place.host, place.port, plain_http=plain)
    except NotSent as error:
        if error.code == "not_allowed":
            return [_("This address is not on the list of those that this installation may speak to (OUTGOING_HOSTS).")]
    return []


def _would_move_secret(target: Target, wanted: Wanted) -> bool:
    kept = bool(target.secret) and wanted.secret is None and not wanted.secret_name
    there = (target.kind, _place(target.kind, target.address))
    return kept and there != (wanted.kind, _place(wanted.kind, wanted.address))


def _place(kind: str, text: str) -> object:
    """Where a secret would go."""
    try:
        place = address.parsed(kind, text)
    except address.BadAddress:
        return None
    return (place.host, place.port, place.tls) if isinstance(place, address.WebAddress) else place


def _may(actor: User, site: Site) -> None:
    if not can(actor, Action.MANAGE_TARGETS, site):
        raise PermissionDenied(_("Your role does not allow this."))


def _record(verb: Verb, target: Target, actor: User, request: HttpRequest | None, detail: Mapping[str, object]) -> None:
    audit.record(
        verb,
        actor=actor,
        site=target.site,
        object_type="target",
        object_id=target.pk,
        detail=detail,
        request=request,
    )
