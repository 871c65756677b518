"""THE table of roles and actions, and the one predicate over it.

The same `can` guards the act and shows the button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.once import once

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from accounts.models import Membership, Site, User


class Role(models.TextChoices):
    READER = "reader", _("Reader")
    TRAINEE = "trainee", _("Trainee")
    TECHNOLOGIST = "technologist", _("Technologist")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


class Action(models.TextChoices):
    VIEW_WORKLIST = "view_worklist", _("See the worklist")
    VIEW_SCORES = "view_scores", _("See AI results")
    VIEW_IMAGES = "view_images", _("See images")
    CLAIM_STUDY = "claim_study", _("Claim and release studies")
    WRITE_NOTE = "write_note", _("Write notes on studies")
    EDIT_REPORT = "edit_report", _("Edit reports")
    SIGN_REPORT = "sign_report", _("Sign reports as final")
    VIEW_REPORT = "view_report", _("See reports")
    UPLOAD = "upload", _("Upload images")
    VIEW_INGEST = "view_ingest", _("See ingest problems")
    MANAGE_USERS = "manage_users", _("Manage users")
    MANAGE_MODELS = "manage_models", _("Manage models and their rights")
    COMMUNICATE = "communicate", _("Communicate critical results and follow up")
    MANAGE_RULES = "manage_rules", _("Set reading rules and time limits")
    MANAGE_TARGETS = "manage_targets", _("Manage where reports are sent")
    MANAGE_SITES = "manage_sites", _("Manage sites and their programmes")
    ERASE_CONTENT = "erase_content", _("Erase content on request, and hold it")
    EXPORT_DEIDENTIFIED = "export_deidentified", _("Export studies without their persons")
    MANAGE_PATIENTS = "manage_patients", _("Merge and correct patients")
    BREAK_GLASS = "break_glass", _("See a study of another site in an emergency")
    VIEW_STATUS = "view_status", _("See how the department runs")
    VIEW_AUDIT = "view_audit", _("Read the audit trail")


ROLE_ACTIONS: dict[str, frozenset[str]] = {
    Role.READER: frozenset(
        {
            Action.VIEW_WORKLIST,
            Action.VIEW_SCORES,
            Action.VIEW_IMAGES,
            Action.CLAIM_STUDY,
            Action.WRITE_NOTE,
            Action.EDIT_REPORT,
            Action.SIGN_REPORT,
            Action.VIEW_REPORT,
            Action.COMMUNICATE,
            Action.BREAK_GLASS,
        }
    ),
    Role.TRAINEE: frozenset(
        {
            Action.VIEW_WORKLIST,
            Action.VIEW_SCORES,
            Action.VIEW_IMAGES,
            Action.CLAIM_STUDY,
            Action.WRITE_NOTE,
            Action.EDIT_REPORT,
            Action.VIEW_REPORT,
            Action.COMMUNICATE,
        }
    ),
    # A technologist sees the list and the images to check them, never a score or a report.
    Role.TECHNOLOGIST: frozenset(
        {
            Action.VIEW_WORKLIST,
            Action.VIEW_IMAGES,
            Action.WRITE_NOTE,
            Action.UPLOAD,
            Action.VIEW_INGEST,
            Action.MANAGE_PATIENTS,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Action.VIEW_WORKLIST,
            Action.VIEW_INGEST,
            Action.MANAGE_USERS,
            Action.MANAGE_MODELS,
            Action.MANAGE_RULES,
            Action.ERASE_CONTENT,
            Action.EXPORT_DEIDENTIFIED,
            Action.MANAGE_PATIENTS,
            Action.MANAGE_TARGETS,
            Action.MANAGE_SITES,
            Action.VIEW_STATUS,
        }
    ),
    Role.AUDITOR: frozenset({Action.VIEW_AUDIT}),
}


def roles_with(action: str) -> tuple[str, ...]:
    """The roles that may do `action`, in the order of the table."""
    return tuple(role for role, actions in ROLE_ACTIONS.items() if action in actions)


def roles_for(user: User, action: str) -> tuple[str, ...]:
    """The roles by which this person may do `action` now: none where their API token leaves it out."""
    return roles_with(action) if user.grant is None or action in user.grant.actions else ()


def in_reach(user: User) -> QuerySet[Membership]:
    """Their memberships at active sites, of which a token may leave one only."""
    held = user.memberships.filter(site__is_active=True)
    only = user.grant.site_id if user.grant is not None else None
    return held if only is None else held.filter(site=only)


def can(user: User | AnonymousUser, action: str, site: Site | None = None) -> bool:
    """May `user` do `action` at `site` (at any site when None)? One query for all questions of a page, inactive users never."""
    if not user.is_authenticated or not user.is_active:
        return False
    only = user.grant.site_id if user.grant is not None else None
    held = once(("roles", user.pk, only), lambda: list(in_reach(user).values_list("site_id", "role")))
    allowed = roles_for(user, action)
    return any(role in allowed and (site is None or at == site.pk) for at, role in held)
