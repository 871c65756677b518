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
from accounts.roles import Action
from reports.models import LesionMatch, MatchVerdict, Report
from reports.selectors.double_reading import is_blind
from reports.states import ReportStatus
from screening.models import Finding, ScoreRun, Study
from screening.rules.lesion_change import Lesion, LesionChange, Pair, change, propose
from screening.selectors import standing_run, study_for
from screening.selectors.measuring import Decided, decided_findings
from screening.selectors.priors import shares_a_past

MOST_SHOWN = 30
Json = dict[str, Any]
Box = list[tuple[float, float]]


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
    """Every pair of findings that is proposed, confirmed or rejected, in the order of today's findings.

    state: "confirmed" or "rejected" by a reader (who, when), else "proposed". Empty unless both studies stand as
    scored, and where they are of one day: then there is nothing to have grown. While opinions on either study are
    blind of each other, nobody's word and no decision is told.
    """
    run, prior_run = standing_run(study), standing_run(prior)
    days = _days_between(study, prior)
    if run is None or prior_run is None or days <= 0:
        return []
    blind = is_blind(study), is_blind(prior)
    ours, theirs = _standing(study, run, blind[0]), _standing(prior, prior_run, blind[1])
    lesions = _lesions(ours, run, prior, prior_run), _lesions(theirs, prior_run, prior, prior_run)
    now, then = [each.finding for each in ours if each.finding], [each.finding for each in theirs if each.finding]
    said = {} if any(blind) else _said(now, then)
    judged = {finding.key: said[finding.pk] for finding in now if finding.pk in said}
    confirmed = {key: word for key, word in judged.items() if word.verdict == MatchVerdict.CONFIRMED}
    taken = {word.prior_finding.key for word in confirmed.values()}
    rejections = [] if any(blind) else _rejections(now, then)
    rejected = frozenset((word.finding.key, word.prior_finding.key) for word in rejections)
    proposed = propose(
        [lesion for lesion in lesions[0] if lesion.key not in confirmed],
        [lesion for lesion in lesions[1] if lesion.key not in taken],
        rejected,
    )
    pairs: dict[str, tuple[Pair, LesionMatch | None]] = {pair.now: (pair, None) for pair in proposed}
    for key, judgement in judged.items():
        if key in confirmed or key not in pairs:
            pairs[key] = (Pair(key, judgement.prior_finding.key, "place"), judgement)
    lung = study.programme == "lung"
    by_key = {finding.key: finding for finding in now}, {finding.key: finding for finding in then}
    of_key = {each.key: each for each in lesions[0]}, {each.key: each for each in lesions[1]}
    found = []
    for key in (finding.key for finding in now if finding.key in pairs):
        pair, word = pairs[key]
        changed = change(of_key[1][pair.then], of_key[0][key], days, lung=lung)
        words = change_words(of_key[0][key].size_mm, of_key[1][pair.then].size_mm, changed)
        found.append(_pair_json(by_key[0][key], by_key[1][pair.then], pair, word, changed) | {"words": words})
    return found


def _standing(study: Study, run: ScoreRun, blind: bool) -> list[Decided]:
    """The model's findings that no reader has rejected; all of them while opinions are blind."""
    if blind:
        return [Decided(each.key, each, None) for each in run.findings.all()]
    decided = decided_findings(study, list(run.findings.all()))
    return [each for each in decided if each.finding is not None and not each.gone]


def _said(now: Sequence[Finding], then: Sequence[Finding]) -> dict[int, LesionMatch]:
    """Finding id → the newest word on it beside this earlier result."""
    words = LesionMatch.objects.filter(finding__in=now, prior_finding__in=then)
    return {word.finding_id: word for word in words.select_related("finding", "prior_finding", "by").order_by("id")}


def _rejections(now: Sequence[Finding], then: Sequence[Finding]) -> list[LesionMatch]:
    """Pairs whose own newest word is a rejection."""
    newest: dict[tuple[int, int], LesionMatch] = {}
    words = LesionMatch.objects.filter(finding__in=now, prior_finding__in=then).select_related(
        "finding", "prior_finding"
    )
    for word in words.order_by("id"):
        newest[(word.finding_id, word.prior_finding_id)] = word
    return [word for word in newest.values() if word.verdict == MatchVerdict.REJECTED]


def organ_shift_mm(study: Study, prior: Study) -> float | None:
    """How much further towards the head the middle of the organ lies in the earlier study's space; None when either
    result does not say where it found the organ."""
    runs = standing_run(study), standing_run(prior)
    boxes = [_box(run) if run else None for run in runs]
    if boxes[0] is None or boxes[1] is None:
        return None
    middles = [sum(box[2]) / 2 for box in (boxes[0], boxes[1])]
    return middles[1] - middles[0]


def _days_between(study: Study, prior: Study) -> int:
    today, day = day_of(study), day_of(prior)
    return (today - day).days if today and day else 0


def _lesions(decided: Sequence[Decided], run: ScoreRun, prior: Study, prior_run: ScoreRun) -> list[Lesion]:
    frame, scale = _box(run), _box(prior_run)
    return [
        _lesion(each, each.finding, frame, scale, _matched(each.finding, prior, prior_run, run))
        for each in decided
        if each.finding is not None
    ]


def _lesion(each: Decided, finding: Finding, frame: Box | None, scale: Box | None, matched: str) -> Lesion:
    size = each.value("size_mm")
    # The model's volume is of its own outline, not of the size that a reader gave instead.
    volume = finding.attributes.get("volume_mm3") if size == finding.size_mm else None
    return Lesion(
        key=finding.key,
        type=each.value("type"),
        location=each.value("location"),
        size_mm=size,
        volume_mm3=_number(volume),
        centre_mm=_inside(finding.attributes.get("centre_mm"), frame, scale),
        side=str(finding.attributes.get("side") or ""),
        matched=matched,
    )


def _matched(finding: Finding, prior: Study, prior_run: ScoreRun, run: ScoreRun) -> str:
    history = finding.attributes.get("history")
    compared = (run.result.get("attributes") or {}).get("compared_with") or {}
    if not isinstance(history, dict) or history.get("prior_study_uid") != prior.study_uid:
        return ""
    # Another run of the earlier study numbers its findings anew.
    return str(history.get("prior_id") or "") if compared.get("run") in (None, prior_run.pk) else ""


def _box(run: ScoreRun) -> Box | None:
    sides = (run.result.get("attributes") or {}).get("place_frame_mm")
    if not isinstance(sides, list) or len(sides) != 3:
        return None
    box = [(_number(side[0]), _number(side[1])) for side in sides if isinstance(side, list) and len(side) == 2]
    known = [(low, high) for low, high in box if low is not None and high is not None and low < high]
    return known if len(known) == 3 else None


def _inside(centre: Any, box: Box | None, scale: Box | None) -> tuple[float, float, float] | None:
    """mm from the corner of the organ's box, as if it were as large as that of the earlier study."""
    if not isinstance(centre, list) or len(centre) != 3 or box is None or scale is None:
        return None
    numbers = [_number(value) for value in centre]
    x, y, z = (
        (value - low) / (high - low) * (end - begin) if value is not None else None
        for value, (low, high), (begin, end) in zip(numbers, box, scale, strict=True)
    )
    return (x, y, z) if x is not None and y is not None and z is not None else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _pair_json(now: Finding, then: Finding, pair: Pair, word: LesionMatch | None, changed: LesionChange) -> Json:
    return {
        "finding": now.key,
        "number": now.number,
        "prior": then.key,
        "prior_number": then.number,
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
