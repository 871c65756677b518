"""What readers said of a study's findings beside those of an earlier one, as the category's rule takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils import timezone

from reports.content.standing import Said
from reports.models import LesionMatch, MatchVerdict
from screening.models import Study
from screening.selectors.measuring import Decided


def said_of_pairs(study: Study, decided: Iterable[Decided]) -> Mapping[str, Said]:
    """Finding key → a reader's word against the AI's pair; nothing for those that stay as the AI compared them. A query.

    Of each pair the newest word counts, and of the pairs confirmed for one finding the last.
    """
    known = {(each.finding.pk if each.finding else None, each.key): _compared_with(each) for each in decided}
    newest: dict[tuple[str, tuple[str, str]], LesionMatch] = {}
    rows = LesionMatch.objects.filter(study=study).select_related("prior", "prior_finding").order_by("id")
    for row in rows:
        if (row.finding_id, row.finding_key) in known:
            pair = (row.prior.study_uid, row.prior_finding_key)
            newest.pop((row.finding_key, pair), None)
            newest[row.finding_key, pair] = row
    found: dict[str, Said] = {}
    for (_pk, key), compared in known.items():
        words = {pair: row for (of, pair), row in newest.items() if of == key}
        confirmed = [pair for pair, row in words.items() if row.verdict == MatchVerdict.CONFIRMED]
        if confirmed and confirmed[-1] != compared:
            found[key] = _another(study, words[confirmed[-1]])
        elif compared in words and words[compared].verdict == MatchVerdict.REJECTED:
            found[key] = Said(parted=True)
    return found


def _compared_with(decided: Decided) -> tuple[str, str]:
    """(StudyInstanceUID, key) of the earlier finding in a result's history, empty where it was compared with none."""
    history = decided.finding.attributes.get("history") if decided.finding else None
    if not isinstance(history, dict) or history.get("prior_id") is None:
        return "", ""
    return str(history.get("prior_study_uid")), str(history["prior_id"])


def _another(study: Study, row: LesionMatch) -> Said:
    days = 0
    if study.study_at and row.prior.study_at:
        days = (timezone.localtime(study.study_at).date() - timezone.localtime(row.prior.study_at).date()).days
    then = row.prior_finding.attributes.get("category") if row.prior_finding else None
    return Said(False, row.prior_size_mm if days > 0 else None, days, str(then) if then else None)
