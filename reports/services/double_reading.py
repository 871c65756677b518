"""Opinions given blind of each other, and the rules by which they are asked for."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Site, User, Verb
from accounts.roles import Action, can
from reports.models import Meaning, Opinion, ReadingRule, Verdict
from reports.rules.reading import AiRead, Forecast, Kind, PastRead, Rule, RuleError, replay
from reports.selectors.double_reading import BY_THE_AI, Plan, past_reads, plan_of, rule_in_force
from reports.selectors.report import HELD_BACK
from screening.dicom.elements import clean
from screening.models import Study
from screening.programmes import PROGRAMMES
from screening.selectors.holding import is_held_back
from screening.services.reading import pass_on
from screening.states import InvalidTransition, LostRace, StudyStatus

COLUMNS = ("band", "ai_recall", "first", "second", "third", "cancer")
MOST_PAST_READS = 100_000
WORDS = {"recall": True, "1": True, "yes": True, "normal": False, "0": False, "no": False, "": None}


class OpinionError(ValueError):
    """What was sent is no opinion, or none is asked for; `str(error)` says why. Answered with 400."""


class OpinionConflict(Exception):
    """The study has moved on; `str(error)` says how. Answered with 409."""


class PastReadsError(ValueError):
    """The table of past reads is not usable; `str(error)` names the line."""


def give_opinion(
    *, study: Study, reader: User, verdict: str, note: str = "", request: HttpRequest | None = None
) -> Plan:
    """Give the opinion that the study's rule asks for: normal or recall, for good.

    Before: `reader` holds the open reading, may sign, has seen every image, has given none on this study. After, in
    one transaction: the opinion stands; where another person is wanted (the next reader, or an arbiter) the reading
    is over and the study back on the list; where all are agreed or arbitrated it stays with `reader`, who writes the
    report. Raises `OpinionError`, `OpinionConflict`, PermissionDenied.
    """
    if verdict not in Verdict.values:
        raise OpinionError(_("An opinion is normal or recall."))
    if not can(reader, Action.SIGN_REPORT, study.site):
        raise PermissionDenied(_("Your role gives no opinion."))
    try:
        with transaction.atomic():
            study.refresh_from_db(from_queryset=Study.objects.select_for_update())
            return _give(study, reader, verdict, clean(note, 500), request)
    except (IntegrityError, LostRace, InvalidTransition):
        raise OpinionConflict(_("The study changed while you were giving your opinion. Look again.")) from None


def _give(study: Study, reader: User, verdict: str, note: str, request: HttpRequest | None) -> Plan:
    if study.status == StudyStatus.REPORTED:
        raise OpinionConflict(_("This study is reported."))
    reading = study.readings.filter(status="OPEN").order_by("ordinal").first()
    if reading is None or reading.reader_id != reader.pk:
        raise PermissionDenied(_("Claim the study first: only its reader gives an opinion."))
    plan = plan_of(study)
    if plan.rule.kind in BY_THE_AI and is_held_back(reader, study):
        raise PermissionDenied(HELD_BACK)
    if not plan.awaits:
        raise OpinionError(_("No opinion is asked for on this study."))
    if any(each.reader_id == reader.pk for each in plan.opinions):
        raise OpinionConflict(_("You have given your opinion on this study: another reader is wanted."))
    late = study.instance_count - reading.instances_seen
    if late > 0:
        raise OpinionConflict(_("%(n)d images came after you opened the study. Look at them first.") % {"n": late})
    opinion = Opinion.objects.create(
        study=study,
        reading=reading,
        reader=reader,
        ordinal=plan.step.ordinal,
        verdict=verdict,
        note=note,
        rule=plan.record,
        ai_band=plan.ai.band,
        ai_recall=plan.ai.recall,
        at=timezone.now(),
    )
    reading.opinion = verdict
    reading.save(update_fields=["opinion"])
    # What was said stays out of the audit trail too: whoever reads it may be the next reader.
    audit.record(
        Verb.OPINION_GIVEN,
        actor=reader,
        site=study.site,
        object_type="study",
        object_id=study.study_uid,
        detail={"ordinal": opinion.ordinal, "rule": plan.record.version if plan.record else None},
        request=request,
    )
    after = plan_of(study)
    if after.awaits:
        pass_on(study=study, reader=reader, request=request)
    return after


def must_not_sign(study: Study, meaning: str) -> str | None:
    """Why the study's rule stands against this signature, as one sentence; None where it does not."""
    plan = plan_of(study)
    if plan.single:
        return None
    if plan.awaits:
        return _("This study is read by more than one reader: give your opinion first.")
    if meaning == Meaning.PRELIMINARY:
        return _("A study that is read by more than one reader has no preliminary report.")
    return None


def try_rule(
    *,
    site: Site,
    programme: str,
    rule: Rule,
    actor: User,
    past: list[PastRead] | None = None,
    request: HttpRequest | None = None,
) -> Forecast:
    """What the rule would have cost on `past` reads, or on the site's own when None. Changes nothing.

    Raises PermissionDenied.
    """
    if not can(actor, Action.MANAGE_RULES, site) or programme not in PROGRAMMES:
        raise PermissionDenied(_("Your role does not allow this."))
    forecast = replay(rule, past_reads(site, programme) if past is None else past)
    _record(Verb.READING_RULE_TRIED, site, programme, actor, request, {"rule": rule.kind, "reads": forecast.studies})
    return forecast


def set_rule(
    *,
    site: Site,
    programme: str,
    rule: Rule,
    reason: str,
    actor: User,
    trial: Forecast | None = None,
    after: int = 0,
    request: HttpRequest | None = None,
) -> ReadingRule:
    """Put a rule into force, from now on, with the trial its setter saw. Studies whose first opinion is given keep
    the rule they had.

    after: the version that was on the screen. Raises `RuleError`, `OpinionConflict`, PermissionDenied.
    """
    if not can(actor, Action.MANAGE_RULES, site) or programme not in PROGRAMMES:
        raise PermissionDenied(_("Your role does not allow this."))
    words = clean(reason, 400)
    if not words:
        raise RuleError(_("Give a reason: it stays with the change."))
    if rule.kind == Kind.BANDS and programme != "breast":
        raise RuleError(_("Only the breast programme's AI gives bands."))
    standing = rule_in_force(site, programme)
    if after != (standing.version if standing else 0):
        raise OpinionConflict(_("Somebody else has set a rule since you opened this page."))
    try:
        with transaction.atomic():
            row = ReadingRule.objects.create(
                site=site,
                programme=programme,
                version=after + 1,
                rule=rule.as_data(),
                trial=asdict(trial) if trial else {},
                reason=words,
                by=actor,
                at=timezone.now(),
            )
            detail = {"version": row.version, "rule": rule.kind.value, "tried_on": trial.studies if trial else 0}
            _record(Verb.READING_RULE_SET, site, programme, actor, request, detail)
    except IntegrityError:
        raise OpinionConflict(_("Somebody else has set a rule since you opened this page.")) from None
    return row


def read_past_reads(text: str) -> list[PastRead]:
    """A table of past reads: CSV with a head of `band`, `ai_recall`, `first`, `second`, `third`, `cancer`, of which
    `first` is needed. Opinions are recall or normal (1 or 0). Raises `PastReadsError`."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    names = [str(name).strip().lower() for name in rows.fieldnames or ()]
    if "first" not in names or not set(names) <= set(COLUMNS):
        raise PastReadsError(_("The first line names the columns: %(columns)s.") % {"columns": ", ".join(COLUMNS)})
    rows.fieldnames = names
    past: list[PastRead] = []
    try:
        for number, row in enumerate(rows, start=2):
            if len(past) >= MOST_PAST_READS:
                raise PastReadsError(_("There are more than %(n)d lines.") % {"n": MOST_PAST_READS})
            past.append(_past_read(row, number))
    except csv.Error as error:
        raise PastReadsError(_("This is not a table: %(why)s.") % {"why": str(error)}) from error
    return past


def _past_read(row: dict[str, Any], number: int) -> PastRead:
    unusable = PastReadsError(_("Line %(n)d is not usable.") % {"n": number})
    cells = {name: str(row.get(name) or "").strip().lower() for name in COLUMNS}
    if None in row or any(cells[name] not in WORDS for name in COLUMNS if name != "band"):
        raise unusable
    if cells["band"] and (
        not cells["band"].isascii() or not cells["band"].isdigit() or not 1 <= int(cells["band"]) <= 10
    ):
        raise unusable
    given = [WORDS[cells[name]] for name in ("first", "second", "third")]
    opinions = [each for each in given if each is not None]
    if not opinions or given[: len(opinions)] != opinions:
        raise unusable
    band = int(cells["band"]) if cells["band"] else None
    return PastRead(AiRead(band, WORDS[cells["ai_recall"]]), tuple(opinions), WORDS[cells["cancer"]])


def _record(
    verb: Verb, site: Site, programme: str, actor: User, request: HttpRequest | None, detail: dict[str, Any]
) -> None:
    audit.record(
        verb, actor=actor, site=site, object_type="programme", object_id=programme, detail=detail, request=request
    )
