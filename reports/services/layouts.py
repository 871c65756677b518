"""A reader's own hanging protocols: made, named, changed, chosen, removed; at most one of a kind of study is in use."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, Verb
from accounts.roles import Action, can
from reports.layouts import KINDS, NO_CURRENT, LayoutError, checked_protocol
from reports.models import UserHangingProtocol
from screening.dicom.elements import clean

MOST = 40
LONGEST_NAME = 60


class LayoutRefused(LayoutError):
    """What a person can put right; `str(error)` is one sentence in their language."""


def save_protocol(*, user: User, kind: str, protocol: object, request: HttpRequest | None = None) -> None:
    """Keep `protocol` in place of the user's own that is in use for studies of `kind`; without one it becomes that.

    Raises `LayoutError` for what is no protocol of that kind, PermissionDenied where the user sees no images anywhere.
    """
    _sees_images(user)
    checked = _checked(kind, protocol)
    with transaction.atomic():
        _one_at_a_time(user)
        used = UserHangingProtocol.objects.filter(user=user, kind=kind, chosen=True).first()
        if used is None:
            used = _made(user, kind, _free_name(user, kind, _("My layout")), checked)
            used.chosen = True
        used.protocol, used.saved_at = checked, timezone.now()
        used.save()
        _told(user, kind, "saved", used, request)


def reset_protocol(*, user: User, kind: str, request: HttpRequest | None = None) -> None:
    """Back to the department's: none of the user's own of `kind` is in use, and none is lost.

    Raises `LayoutError`, PermissionDenied.
    """
    _sees_images(user)
    if kind not in KINDS:
        raise LayoutError("The kind of study is not known.")
    with transaction.atomic():
        UserHangingProtocol.objects.filter(user=user, kind=kind, chosen=True).update(chosen=False)
        _told(user, kind, "reset", None, request)


def new_layout(
    *, user: User, kind: str, name: str, protocol: object, request: HttpRequest | None = None
) -> UserHangingProtocol:
    """A protocol of the user's own, not in use yet; a name that is taken is numbered. Raises `LayoutError`,
    PermissionDenied."""
    _sees_images(user)
    checked, words = _checked(kind, protocol), _checked_name(name)
    with transaction.atomic():
        _one_at_a_time(user)
        if UserHangingProtocol.objects.filter(user=user).count() >= MOST:
            raise LayoutRefused(_("You have %(n)d layouts. Delete one first.") % {"n": MOST})
        row = _made(user, kind, _free_name(user, kind, words), checked)
        _told(user, kind, "new", row, request)
    return row


def change_layout(
    *, layout: UserHangingProtocol, name: str | None, protocol: object | None, request: HttpRequest | None = None
) -> None:
    """Another name, or other stages; None leaves either as it is. Raises `LayoutError`, PermissionDenied."""
    _sees_images(layout.user)
    if name is not None:
        layout.name = _checked_name(name)
    if protocol is not None:
        layout.protocol = _checked(layout.kind, protocol)
    layout.saved_at = timezone.now()
    try:
        with transaction.atomic():
            layout.save(update_fields=["name", "protocol", "saved_at"])
            _told(layout.user, layout.kind, "changed", layout, request)
    except IntegrityError:
        raise LayoutRefused(_("You have another layout of that name for this kind of study.")) from None


def choose_layout(*, layout: UserHangingProtocol, request: HttpRequest | None = None) -> None:
    """Studies of its kind hang by it from now on. Raises `LayoutError` for one that this program no longer takes."""
    _sees_images(layout.user)
    _checked(layout.kind, layout.protocol)
    with transaction.atomic():
        _one_at_a_time(layout.user)
        same = UserHangingProtocol.objects.filter(user=layout.user, kind=layout.kind)
        same.filter(chosen=True).exclude(pk=layout.pk).update(chosen=False)
        same.filter(pk=layout.pk).update(chosen=True)
        _told(layout.user, layout.kind, "chosen", layout, request)


def remove_layout(*, layout: UserHangingProtocol, request: HttpRequest | None = None) -> None:
    """The layout is gone; where it was in use the department's holds again. Raises PermissionDenied."""
    _sees_images(layout.user)
    with transaction.atomic():
        _told(layout.user, layout.kind, "removed", layout, request)
        layout.delete()


def _one_at_a_time(user: User) -> None:
    """Two windows of one person: the later sees what the earlier made. Called before the rows are read."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _sees_images(user: User) -> None:
    if not can(user, Action.VIEW_IMAGES):
        raise PermissionDenied(_("Your role does not allow this."))


def _checked(kind: str, protocol: object) -> dict[str, object]:
    try:
        checked = checked_protocol(protocol, KINDS)
    except LayoutError as error:
        if str(error) == NO_CURRENT:
            raise LayoutRefused(_("One stage at least must show the current study.")) from None
        raise
    if checked["kind"] != kind:
        raise LayoutError("The protocol is of another kind of study.")
    return checked


def _checked_name(name: str) -> str:
    words = clean(name, LONGEST_NAME)
    if not words:
        raise LayoutRefused(_("A layout needs a name."))
    return words


def _free_name(user: User, kind: str, name: str) -> str:
    taken = set(UserHangingProtocol.objects.filter(user=user, kind=kind).values_list("name", flat=True))
    numbered = (f"{name[: LONGEST_NAME - 5]} ({n})" for n in range(2, MOST + 2))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def _made(user: User, kind: str, name: str, checked: dict[str, object]) -> UserHangingProtocol:
    return UserHangingProtocol.objects.create(
        user=user, kind=kind, name=name, protocol=checked, saved_at=timezone.now(), chosen=False
    )


def _told(user: User, kind: str, act: str, layout: UserHangingProtocol | None, request: HttpRequest | None) -> None:
    """Its name stays out of the audit trail: a person may have written anything there."""
    detail = {"act": act} | ({"layout": layout.pk} if layout else {})
    audit.record(Verb.LAYOUT_CHANGED, actor=user, object_type="layout", object_id=kind, detail=detail, request=request)
