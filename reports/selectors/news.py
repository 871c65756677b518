"""What an open room takes in while somebody works in it: measures and decisions of others, earlier studies that arrive."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max

from accounts.models import User
from accounts.roles import Action
from reports.selectors.double_reading import is_blind
from reports.selectors.findings import findings_json
from reports.selectors.measuring import measurements_json
from reports.selectors.opinion import sight
from reports.selectors.priors import earlier_studies, priors_told
from screening.models import Study
from screening.selectors import findings_of
from screening.selectors.doors import may
from screening.selectors.measuring import Decided, decided_findings


def mark_of(study: Study, user: User, *, sees_ai: bool, blind: bool) -> str:
    """Another text whenever `news_json` has something else to tell this user; nothing else can be read from it. At
    most three queries and that for the patient's past: the open page asks for it every few seconds."""
    measured = decided = 0
    if may(user, Action.VIEW_REPORT, study) and not blind:
        measured = study.measurements.aggregate(newest=Max("pk"))["newest"] or 0
    if sees_ai and not blind:
        decided = study.finding_decisions.aggregate(newest=Max("pk"))["newest"] or 0
    past = earlier_studies(study).order_by().aggregate(count=Count("pk"), newest=Max("pk"))
    return f"{measured}.{decided}.{past['count']}.{past['newest'] or 0}"


def news_json(study: Study, user: User) -> dict[str, Any]:
    """{"mark", "me", "measurements", "findings", "priors"}, each as the room's data has it; findings without their
    heat maps, null where the user sees none of the AI's view now."""
    sees_ai, sees_report, _held = sight(study, user)
    blind = is_blind(study)
    found = findings_of(study) if sees_ai else []
    decided = [Decided(each.key, each, None) for each in found] if blind else decided_findings(study, found)
    sees_measures = may(user, Action.VIEW_REPORT, study)
    return {
        "mark": mark_of(study, user, sees_ai=sees_ai, blind=blind),
        "me": str(user),
        "measurements": measurements_json(study, user) if sees_measures else [],
        "findings": findings_json(decided, None) if sees_ai else None,
        "priors": priors_told(study, user, sees_report),
    }
