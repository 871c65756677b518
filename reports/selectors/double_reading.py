"""Where a study stands under its reading rule, and who may know what of the others' opinions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Site, User
from accounts.roles import Action, can
from config.once import once
from reports.models import Opinion, ReadingRule, Verdict
from reports.rules.reading import Act, AiRead, Kind, PastRead, Rule, Step, is_single, next_step
from screening.models import ScoreRun, Study
from screening.selectors import open_reading, standing_run
from screening.selectors.heads import head_of, with_heads
from screening.selectors.holding import held_back, is_held_back
from screening.selectors.results import speaking_run
from screening.states import AiState, RunStatus, StudyStatus


@dataclass(frozen=True)
class Plan:
    """record: the rule's version, None where none was ever set (single reading). opinions: so far, in order.

    The first opinion fixes the rule and what the AI had given for the whole study.
    """

    rule: Rule
    record: ReadingRule | None
    ai: AiRead
    opinions: tuple[Opinion, ...]

    @property
    def step(self) -> Step:
        return next_step(self.rule, self.ai, [each.verdict == Verdict.RECALL for each in self.opinions])

    @property
    def single(self) -> bool:
        """One reader's report is all there is: no opinion is asked for."""
        return is_single(self.rule, self.ai) and not self.opinions

    @property
    def awaits(self) -> bool:
        """An opinion is wanted before there may be a report."""
        return not self.single and self.step.act != Act.DONE

    @property
    def blind(self) -> bool:
        """Opinions are hidden from each other: not all that are to be compared are in."""
        return self.awaits and self.step.act == Act.READ


# How many people read, and when they are done, follows from what the AI said.
BY_THE_AI = (Kind.BANDS, Kind.AI_READER)
SINGLE = Plan(Rule(), None, AiRead(), ())


def rule_in_force(site: Site, programme: str) -> ReadingRule | None:
    rules = ReadingRule.objects.filter(site=site, programme=programme).select_related("by")
    return rules.order_by("version").last()


def ai_read(study: Study) -> AiRead:
    """What the standing result gives a rule to go by: nothing where the AI did not see all of the study."""
    run = standing_run(study)
    return _said_by(run.result) if run else AiRead()


def _said_by(result: Mapping[str, Any]) -> AiRead:
    if result.get("limitations"):
        return AiRead()
    band, above = result.get("band"), result.get("above_threshold")
    return AiRead(band if isinstance(band, int) else None, above if isinstance(above, bool) else None)


def plan_of(study: Study) -> Plan:
    """Two queries where the site reads the programme once, else up to four."""
    return once(("plan", study.pk, study.programme, study.ai_state), lambda: _plan_of(study))


def _plan_of(study: Study) -> Plan:
    opinions = tuple(
        Opinion.objects.filter(study=study).select_related("reader", "rule", "reading").order_by("ordinal")
    )
    if opinions:
        return _begun(opinions)
    record = rule_in_force(study.site, study.programme)
    if record is None:
        return SINGLE
    return Plan(Rule.parse(record.rule), record, ai_read(study), ())


def _begun(opinions: tuple[Opinion, ...]) -> Plan:
    """opinions: at least one, with their rules, in order."""
    first = opinions[0]
    rule = Rule.parse(first.rule.rule) if first.rule else Rule()
    return Plan(rule, first.rule, AiRead(first.ai_band, first.ai_recall), opinions)


def is_blind(study: Study) -> bool:
    """Must what other people made of the study stay hidden from whoever looks? Never once it is reported."""
    return study.status != StudyStatus.REPORTED and plan_of(study).blind


def blind_among(studies: Iterable[Study]) -> set[int]:
    """Ids of those of which `is_blind` says so. Three queries at most, however many studies."""
    open_ = {study.pk: study for study in studies if study.status != StudyStatus.REPORTED}
    plans = {pk: _begun(tuple(given)) for pk, given in _opinions_of(open_).items()}
    fresh = {pk: study for pk, study in open_.items() if pk not in plans}
    rules = _rules_in_force(fresh.values())
    ruled = {pk: rules[key] for pk, study in fresh.items() if (key := (study.site_id, study.programme)) in rules}
    reads = _ai_reads([fresh[pk] for pk, record in ruled.items() if Rule.parse(record.rule).kind in BY_THE_AI])
    plans |= {pk: Plan(Rule.parse(record.rule), record, reads.get(pk, AiRead()), ()) for pk, record in ruled.items()}
    return {pk for pk, plan in plans.items() if plan.blind}


def _opinions_of(studies: Iterable[int]) -> dict[int, list[Opinion]]:
    """Study id → its opinions in order, for those that have any; one query."""
    found: dict[int, list[Opinion]] = {}
    rows = Opinion.objects.filter(study__in=list(studies)).select_related("rule").order_by("study", "ordinal")
    for each in rows:
        found.setdefault(each.study_id, []).append(each)
    return found


def _rules_in_force(studies: Iterable[Study]) -> dict[tuple[int, str], ReadingRule]:
    """(site id, programme) → the newest rule; one query."""
    sites = {study.site_id for study in studies}
    rows = ReadingRule.objects.filter(site__in=sites).order_by("version") if sites else ()
    return {(each.site_id, each.programme): each for each in rows}


def _ai_reads(studies: Sequence[Study]) -> dict[int, AiRead]:
    """`ai_read` of each study that stands as scored; one query, none without a study."""
    scored = {study.pk: study for study in studies if study.ai_state == AiState.SCORED}
    runs: dict[int, list[ScoreRun]] = {pk: [] for pk in scored}
    if scored:
        for run in with_heads(ScoreRun.objects.filter(study__in=scored).order_by("-id")):
            runs[run.study_id].append(run)
    speaking = {pk: speaking_run(scored[pk], listed) for pk, listed in runs.items()}
    return {
        pk: _said_by(head_of(run))
        for pk, run in speaking.items()
        if run is not None and run.status == RunStatus.SUCCEEDED
    }


def stage_of(study: Study) -> tuple[bool, bool]:
    """Is an opinion wanted before there may be a report, and are opinions blind of each other now?"""
    if study.status == StudyStatus.REPORTED:
        return False, False
    plan = plan_of(study)
    return plan.awaits, plan.blind


def tells_of_ai(study: Study, user: User) -> bool:
    """Would it give away an AI that is held back from `user` to say where the study stands under its rule?"""
    return is_held_back(user, study) and plan_of(study).rule.kind in BY_THE_AI


def opinions_json(study: Study, user: User) -> dict[str, Any] | None:
    """What the room shows of the opinions; None where one reader is all there is. While blind, nobody is sent
    anything but how many are in, and their own; and nothing where that follows from an AI that is held back."""
    plan = plan_of(study)
    if plan.single or not can(user, Action.VIEW_REPORT, study.site):
        return None
    if plan.rule.kind in BY_THE_AI and is_held_back(user, study):
        return None
    reading = open_reading(study)
    mine = reading is not None and reading.reader_id == user.pk
    reported = study.status == StudyStatus.REPORTED
    shown = [each for each in plan.opinions if reported or not plan.blind or each.reader_id == user.pk]
    awaits = plan.awaits and not reported
    return {
        "awaits": awaits,
        "act": plan.step.act.value,
        "ordinal": plan.step.ordinal,
        "given": len(plan.opinions),
        "may_give": awaits and mine and can(user, Action.SIGN_REPORT, study.site),
        "ai_recall": plan.ai.recall if plan.rule.kind == "ai_reader" and not plan.blind else None,
        "version": plan.record.version if plan.record else None,
        "opinions": [
            {
                "ordinal": each.ordinal,
                "reader": str(each.reader),
                "verdict": each.verdict,
                "label": str(Verdict(each.verdict).label),
                "note": each.note,
                "at": each.at,
                # Images that this reader had not seen: for the next one to weigh.
                "unseen": 0 if reported else max(0, study.instance_count - each.reading.instances_seen),
            }
            for each in shown
        ],
    }


def waiting_for_another_reader(studies: Sequence[Study], user: User) -> dict[int, str]:
    """For the worklist: study id → "second" or "arbiter" where opinions are in and another is wanted; "yours" where
    it waits for somebody other than `user`, who has given theirs. Two queries at most, however many studies.

    That a person and the AI differ is not told to whom the AI is held back from: the next reader is a second one.
    """
    open_ = {study.pk: study for study in studies if study.status != StudyStatus.REPORTED}
    by_study = _opinions_of(open_)
    held = held_back(user, (open_[pk] for pk in by_study))
    waiting: dict[int, str] = {}
    for pk, opinions in by_study.items():
        plan = _begun(tuple(opinions))
        if not plan.awaits:
            continue
        told = plan.step.act == Act.ARBITRATE and not (pk in held and plan.rule.kind == Kind.AI_READER)
        given = any(each.reader_id == user.pk for each in opinions)
        waiting[pk] = "yours" if given else "arbiter" if told else "second"
    return waiting


def past_reads(site: Site, programme: str) -> list[PastRead]:
    """The site's reported studies of the programme with opinions: what a rule is tried on. Two queries."""
    opinions: QuerySet[Opinion] = Opinion.objects.filter(
        study__site=site, study__programme=programme, study__status=StudyStatus.REPORTED
    ).order_by("study", "ordinal")
    by_study: dict[int, list[Opinion]] = {}
    for each in opinions:
        by_study.setdefault(each.study_id, []).append(each)
    return [
        PastRead(
            AiRead(given[0].ai_band, given[0].ai_recall),
            tuple(each.verdict == Verdict.RECALL for each in given),
        )
        for given in by_study.values()
    ]
