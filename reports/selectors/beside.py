"""An earlier study as the room shows it beside the current one."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.roles import Action, can
from reports.selectors.double_reading import is_blind
from reports.selectors.findings import findings_json
from reports.selectors.hanging import hanging_json
from reports.selectors.images import series_of
from reports.selectors.measuring import measurements_json
from reports.selectors.opinion import sight
from reports.selectors.priors import organ_shift_mm, pairs_json, priors_told
from screening.models import Study
from screening.selectors import findings_of, standing_run
from screening.selectors.measuring import Decided, decided_findings


def room_beside(study: Study, user: User, sees_report: bool) -> dict[str, Any]:
    """What the room's data says of hanging and of earlier studies; their images are asked for when they are shown."""
    return {"hanging": hanging_json(study, user), "priors": priors_told(study, user, sees_report)}


def beside_json(study: Study, prior: Study, user: User) -> dict[str, Any]:
    """{"series", "findings", "pairs", "measurements", "measure"} of an earlier study, which the caller has asked for
    by its door. measure: where a measurement on its images is sent, null for who may not. organ_shift_mm: how far
    apart the two studies lie, where both results say it.

    Who does not see the AI's view of either study, or not yet, gets no finding and no pair.
    """
    sees_prior_ai, sees_prior_report, _held = sight(prior, user)
    sees_ai = sees_prior_ai and sight(study, user)[0]
    blind = is_blind(prior)
    found = findings_of(prior) if sees_ai else []
    decided = [Decided(each.key, each, None) for each in found] if blind else decided_findings(prior, found)
    return {
        "series": series_of(prior),
        "findings": findings_json(decided, standing_run(prior)) if sees_ai else [],
        "pairs": pairs_json(study, prior) if sees_ai else [],
        "organ_shift_mm": organ_shift_mm(study, prior) if sees_ai else None,
        "measurements": measurements_json(prior, user) if sees_prior_report else [],
        "measure": measure_url(prior) if can(user, Action.EDIT_REPORT, prior.site) and not blind else None,
    }


def pairs_told(study: Study, prior: Study, user: User) -> list[dict[str, Any]]:
    """The pairs of both studies' findings; none for who does not see the AI's view of either, or not yet."""
    return pairs_json(study, prior) if sight(prior, user)[0] and sight(study, user)[0] else []


def measure_url(study: Study) -> str:
    """Where a measurement on an image of the study is sent."""
    return f"{reverse('measurement-save', args=(study.study_uid,))}?site={study.site.slug}"
