"""An earlier study as the room shows it beside the current one."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from reports.selectors.findings import findings_json
from reports.selectors.hanging import hanging_json
from reports.selectors.images import series_of
from reports.selectors.opinion import sight
from reports.selectors.priors import pairs_json, priors_json
from screening.models import Study
from screening.selectors import findings_of, standing_run
from screening.selectors.measuring import decided_findings


def room_beside(study: Study, user: User, sees_report: bool) -> dict[str, Any]:
    """What the room's data says of hanging and of earlier studies; their images are asked for when they are shown."""
    return {"hanging": hanging_json(study, user), "priors": priors_json(study, sees_report)}


def beside_json(study: Study, prior: Study, user: User) -> dict[str, Any]:
    """{"series", "findings", "pairs"} of an earlier study, which the caller has asked for by its door.

    Who does not see the AI's view of the current study, or not yet, gets no finding and no pair.
    """
    sees_ai = sight(study, user)[0]
    findings = findings_json(decided_findings(prior, findings_of(prior)), standing_run(prior)) if sees_ai else []
    return {"series": series_of(prior), "findings": findings, "pairs": pairs_json(study, prior) if sees_ai else []}
