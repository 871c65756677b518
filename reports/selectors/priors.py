"""Earlier studies of the same patient, and which of their findings are the same lesions as today's.

Only of the same patient row, and so of one site, issuer and PatientID; never of a patient without an ID or with a
name or birth date that differed between images (see screening.selectors.priors).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action, can
from reports.models import LesionMatch, MatchVerdict, Report
from reports.selectors.double_reading import is_blind
from reports.selectors.lesions import lesions_of, number_of, organ_box, standing_findings
from reports.states import ReportStatus
from screening.models import Study
from screening.rules.lesion_change import LesionChange, Pair, change, propose
from screening.selectors import standing_run, study_for
from screening.selectors.measuring import Decided
from screening.selectors.priors import shares_a_past

MOST_SHOWN = 30
Json = dict[str, Any]


def earlier_studies(study: Study) -> QuerySet[Study]:
    """Studies of the same patient from before this one, the newest first; none where it is not known whose."""
    if study.study_at is None or not shares_a_past(study.patient):
        return Study.objects.none()
    earlier = Study.objects.filter(
        patient_id=study.patient_id, site_id=study.site_id, study_at__lt=study.study_at
    ).exclude(pk=study.pk)
    return earlier.select_related("site", "patient").order_by("-study_at", "-id")


def prior_for(user: User, study: Study, prior_uid: str) -> Study:
    """One earlier study of `study`'s patient. Raises Http404 for any other study, PermissionDenied without the right."""
    prior = study_for(user, prior_uid, Action.VIEW_IMAGES, study.site.slug)
    if not earlier_studies(study).filter(pk=prior.pk).exists():
        raise Http404(_("There is no such earlier study of this patient."))
    return prior


def day_of(study: Study) -> date | None:
    return timezone.localtime(study.study_at).date() if study.study_at else None


def priors_json(study: Study, sees_report: bool) -> Json:
    """{"studies": [newest first], "why_none": a sentence where none is looked for}."""
    studies = list(earlier_studies(study)[:MOST_SHOWN])
    reports = dict(Report.objects.filter(study__in=studies).values_list("study", "pk")) if sees_report else {}
    signed = set(
        Report.objects.filter(
            pk__in=reports.values(), status__in=(ReportStatus.SIGNED, ReportStatus.AMENDED)
        ).values_list("pk", flat=True)
    )
    return {
        "studies": [_prior_json(study, each, reports.get(each.pk), signed) for each in studies],
        "why_none": _why_none(study),
    }


def priors_told(study: Study, user: User, sees_report: bool) -> Json:
    """The same, for a user; who sees one study in an emergency is not told of the patient's others."""
    if not can(user, Action.VIEW_IMAGES, study.site):
        return {"studies": [], "why_none": _("Earlier studies are not shown in an emergency.")}
    return priors_json(study, sees_report)


def _why_none(study: Study) -> str:
    if not study.patient.patient_id:
        return _("No earlier studies are looked for: the images carry no patient ID.")
    if study.patient.mismatch:
        return _("Earlier studies are not shown: under this patient ID, names or birth dates differ.")
    return "" if study.study_at else _("Earlier studies are not known: this study has no date.")


def _prior_json(study: Study, prior: Study, report: int | None, signed: set[int]) -> Json:
    day, today = day_of(prior), day_of(study)
    site = study.site.slug
    return {
        "uid": prior.study_uid,
        "date": day.isoformat() if day else "",
        "days": (today - day).days if day and today else 0,
        "modality": prior.modality,
        "description": prior.description,
        "images": prior.instance_count,
        "alike": (prior.modality, prior.programme) == (study.modality, study.programme),
        "report": reverse("report-pdf", args=(report,)) if report in signed else None,
        "url": f"{reverse('study-prior', args=(study.study_uid, prior.study_uid))}?site={site}",
        "match": f"{reverse('study-prior-match', args=(study.study_uid, prior.study_uid))}?site={site}",
    }


def pairs_json(study: Study, prior: Study) -> list[Json]:
    """Every pair of findings that is proposed, confirmed or rejected, in the order of today's findings: the AI's of
    results that stand, and the readers' own.

    state: "confirmed" or "rejected" by a reader (who, when), else "proposed". Empty where both studies are of one day:
    then there is nothing to have grown. While opinions on either study are blind of each other, nobody's word, no
    decision and no finding of a reader's own is told.
    """
    run, prior_run = standing_run(study), standing_run(prior)
    days = _days_between(study, prior)
    if days <= 0:
        return []
    blind = is_blind(study), is_blind(prior)
    ours = standing_findings(study, run, blind=blind[0])
    theirs = standing_findings(prior, prior_run, blind=blind[1])
    now = {each.key: each for each in lesions_of(study, ours, run, prior, prior_run)}
    then = {each.key: each for each in lesions_of(prior, theirs, prior_run, prior, prior_run)}
    words = [] if any(blind) else _words(study, prior, ours, theirs)
    judged = {word.finding_key: word for word in words}
    confirmed = {key: word for key, word in judged.items() if word.verdict == MatchVerdict.CONFIRMED}
    taken = {word.prior_finding_key for word in confirmed.values()}
    newest = {(word.finding_key, word.prior_finding_key): word for word in words}
    rejected = frozenset(pair for pair, word in newest.items() if word.verdict == MatchVerdict.REJECTED)
    proposed = propose(
        [lesion for lesion in now.values() if lesion.key not in confirmed],
        [lesion for lesion in then.values() if lesion.key not in taken],
        rejected,
    )
    pairs: dict[str, tuple[Pair, LesionMatch | None]] = {pair.now: (pair, None) for pair in proposed}
    for key, judgement in judged.items():
        if key in confirmed or key not in pairs:
            pairs[key] = (Pair(key, judgement.prior_finding_key, "place"), judgement)
    of_ours, of_theirs = {each.key: each for each in ours}, {each.key: each for each in theirs}
    found = []
    for key in (each.key for each in ours if each.key in pairs):
        pair, word = pairs[key]
        changed = change(then[pair.then], now[key], days, lung=study.programme == "lung")
        told = change_words(now[key].size_mm, then[pair.then].size_mm, changed)
        found.append(_pair_json(of_ours[key], of_theirs[pair.then], pair, word, changed) | {"words": told})
    return found


def _words(study: Study, prior: Study, ours: Sequence[Decided], theirs: Sequence[Decided]) -> list[LesionMatch]:
    """What was said of findings that stand on both sides, in order; of the same result or the reader's own."""
    now, then = ({(each.finding.pk if each.finding else None, each.key) for each in side} for side in (ours, theirs))
    rows = LesionMatch.objects.filter(study=study, prior=prior).select_related("by").order_by("id")
    return [
        row
        for row in rows
        if (row.finding_id, row.finding_key) in now and (row.prior_finding_id, row.prior_finding_key) in then
    ]


def organ_shift_mm(study: Study, prior: Study) -> float | None:
    """How much further towards the head the middle of the organ lies in the earlier study's space; None when either
    result does not say where it found the organ."""
    runs = standing_run(study), standing_run(prior)
    boxes = [organ_box(run) for run in runs]
    if boxes[0] is None or boxes[1] is None:
        return None
    middles = [sum(box[2]) / 2 for box in (boxes[0], boxes[1])]
    return middles[1] - middles[0]


def _days_between(study: Study, prior: Study) -> int:
    today, day = day_of(study), day_of(prior)
    return (today - day).days if today and day else 0


def _pair_json(now: Decided, then: Decided, pair: Pair, word: LesionMatch | None, changed: LesionChange) -> Json:
    return {
        "finding": now.key,
        "number": number_of(now),
        "prior": then.key,
        "prior_number": number_of(then),
        "state": word.verdict if word else "proposed",
        "basis": pair.basis if word is None else "reader",
        "by": str(word.by) if word else "",
        "at": word.at.isoformat() if word else "",
        "days": changed.days,
        "difference_mm": changed.difference_mm,
        "doubling_days": round(changed.doubling.days) if changed.doubling and changed.doubling.days else None,
        "growth": changed.growth.verdict if changed.growth else None,
    }


def change_words(now_mm: float | None, then_mm: float | None, changed: LesionChange) -> str:
    """The sizes, the change, and the volume-doubling time where there is one."""
    if changed.difference_mm is None or changed.percent is None or now_mm is None or then_mm is None:
        return _("not measured on both dates")
    sign = "+" if changed.difference_mm >= 0 else "−"
    words = _("%(then).1f → %(now).1f mm (%(sign)s%(mm).1f mm, %(sign)s%(percent).0f %%) in %(days)d days") % {
        "then": then_mm,
        "now": now_mm,
        "sign": sign,
        "mm": abs(changed.difference_mm),
        "percent": abs(changed.percent),
        "days": changed.days,
    }
    parts = [words]
    if changed.growth is not None:
        parts.append(_GROWTH[changed.growth.verdict]())
    if changed.doubling is not None and changed.doubling.days is not None:
        parts.append(_("volume doubles in %(days)d days") % {"days": round(changed.doubling.days)})
    elif changed.growth is not None:
        parts.append(_("no doubling time"))
    return " · ".join(parts)


_GROWTH = {
    "growing": lambda: _("growing"),
    "increased": lambda: _("larger, no growth by definition"),
    "stable": lambda: _("stable"),
    "decreased": lambda: _("smaller"),
}
