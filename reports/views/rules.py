"""The administrator's page of reading rules and time limits: try a rule on past reads, then put it into force."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Site, User
from accounts.roles import Action, can
from reports.models import ReadingRule
from reports.rules.communication import TIERS
from reports.rules.reading import BANDS, Forecast, Kind, Rule, RuleError, replay
from reports.selectors.communication import limits_of
from reports.selectors.double_reading import past_reads, rule_in_force
from reports.services import communication, double_reading
from reports.views.reading_room import signed_in
from screening.models import Tier
from screening.programmes import PROGRAMMES
from screening.selectors.doors import sites_where
from screening.selectors.meant import site_meant

LARGEST_TABLE = 4 * 1024 * 1024
KINDS: dict[str, tuple[str | Promise, str | Promise]] = {
    Kind.SINGLE: (gettext_lazy("Once"), gettext_lazy("One reader reports.")),
    Kind.DOUBLE: (gettext_lazy("Twice, blind"), gettext_lazy("Two give opinions blind of each other.")),
    Kind.BANDS: (
        gettext_lazy("By the AI's band"),
        gettext_lazy("The bands chosen below are read once, the others and all without a band twice."),
    ),
    Kind.AI_READER: (
        gettext_lazy("The AI is the second reader"),
        gettext_lazy("One person and the AI; where they differ a second person decides. Without an AI result, two."),
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One site's one programme, which a rule is for."""

    site: Site
    programme: str

    @property
    def url(self) -> str:
        return f"{reverse('reading-rules')}?site={self.site.slug}&programme={self.programme}"


@require_GET
@login_required
def reading_rules(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)
    place = _place(administrator, request.GET)
    return _page(request, administrator, place)


@require_POST
@login_required
def try_rule(request: HttpRequest) -> HttpResponse:
    """POST the rule, and `past` (a table) or a file `table`; without either, the site's own past reads."""
    administrator = _administrator(request)
    place = _place(administrator, request.POST, changes=True)
    rule, problems = _rule(request)
    forecasts: list[tuple[str | Promise, Forecast]] = []
    if not problems:
        try:
            table = _table(request)
            past = double_reading.read_past_reads(table) if table.strip() else past_reads(place.site, place.programme)
        except (double_reading.PastReadsError, UnicodeDecodeError) as error:
            problems = [str(error) if isinstance(error, double_reading.PastReadsError) else _("This is not a table.")]
        else:
            tried = double_reading.try_rule(
                site=place.site,
                programme=place.programme,
                rule=rule,
                actor=administrator,
                past=past,
                request=request,
            )
            beside = [each for each in (Kind.SINGLE, Kind.DOUBLE) if each != rule.kind]
            forecasts = [(KINDS[rule.kind][0], tried)]
            forecasts += [(KINDS[kind][0], replay(Rule(kind), past)) for kind in beside]
    return _page(request, administrator, place, rule, problems=problems, forecasts=forecasts)


@require_POST
@login_required
def set_rule(request: HttpRequest) -> HttpResponse:
    """POST the rule, `reason`, `after` (the version on the screen) and the table it was tried on, if any."""
    administrator = _administrator(request)
    place = _place(administrator, request.POST, changes=True)
    rule, problems = _rule(request)
    if not problems:
        try:
            table = _table(request)
            past = double_reading.read_past_reads(table) if table.strip() else past_reads(place.site, place.programme)
            after = request.POST.get("after", "")
            row = double_reading.set_rule(
                site=place.site,
                programme=place.programme,
                rule=rule,
                reason=request.POST.get("reason", ""),
                actor=administrator,
                trial=replay(rule, past) if past else None,
                after=int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0,
                request=request,
            )
        except (RuleError, double_reading.PastReadsError, UnicodeDecodeError) as error:
            problems = [_("This is not a table.") if isinstance(error, UnicodeDecodeError) else str(error)]
        except double_reading.OpinionConflict as error:
            return _page(request, administrator, place, rule, problems=[str(error)], status=409)
        else:
            messages.success(request, _("Rule %(n)d is in force.") % {"n": row.version})
            return redirect(place.url)
    return _page(request, administrator, place, rule, problems=problems)


@require_POST
@login_required
def set_limits(request: HttpRequest) -> HttpResponse:
    """POST for each tier `minutes-<tier>` (empty: no task) and `escalate-<tier>`."""
    administrator = _administrator(request)
    place = _place(administrator, request.POST, changes=True)
    given: dict[str, int | None] = {}
    for tier in TIERS:
        text = request.POST.get(f"minutes-{tier}")
        if text is None or (text.strip() and not (text.strip().isascii() and text.strip().isdigit() and len(text) < 9)):
            return _page(request, administrator, place, problems=[_("Limits are whole minutes.")])
        given[tier] = int(text) if text.strip() else None
    try:
        for tier, minutes in given.items():
            communication.set_limit(
                site=place.site,
                programme=place.programme,
                tier=tier,
                minutes=minutes,
                escalate_to=request.POST.get(f"escalate-{tier}", ""),
                actor=administrator,
                request=request,
            )
    except communication.CommunicationError as error:
        return _page(request, administrator, place, problems=[str(error)])
    messages.success(request, _("The time limits are kept. Clocks that run keep theirs."))
    return redirect(place.url)


def _administrator(request: HttpRequest) -> User:
    user = signed_in(request)
    if not can(user, Action.MANAGE_RULES):
        raise PermissionDenied(_("Only administrators set reading rules."))
    return user


def _place(administrator: User, asked: Any, *, changes: bool = False) -> Place:
    """What was asked for, among the sites the person administers.

    Raises Http404 for any other site or programme, and BadRequest for a change (or a trial of one) that does not say
    where it is to go: nothing meant for one is to land at another.
    """
    site = site_meant(administrator, Action.MANAGE_RULES, asked.get("site"), changes=changes)
    programme = asked.get("programme") or ""
    if changes and not programme:
        raise BadRequest(_("Say which programme this is for."))
    programme = programme or "breast"
    if programme not in PROGRAMMES:
        raise Http404
    return Place(site, programme)


def _rule(request: HttpRequest) -> tuple[Rule, list[str]]:
    kind = request.POST.get("kind", "")
    bands = [int(each) for each in request.POST.getlist("bands") if each in {str(band) for band in BANDS}]
    data = {
        "kind": kind,
        "single_bands": bands if kind == Kind.BANDS else [],
        "arbitrate_recalls": bool(request.POST.get("arbitrate_recalls")) and kind != Kind.SINGLE,
    }
    try:
        return Rule.parse(data), []
    except RuleError as error:
        return Rule(), [_(str(error))]


def _table(request: HttpRequest) -> str:
    """The pasted table, or the file's text. Raises UnicodeDecodeError, `PastReadsError` for one too large."""
    file = request.FILES.get("table")
    if file is None:
        return str(request.POST.get("past", ""))
    if (file.size or 0) > LARGEST_TABLE:
        raise double_reading.PastReadsError(_("The table is larger than %(n)d MB.") % {"n": LARGEST_TABLE >> 20})
    return bytes(file.read()).decode("utf-8")


def _page(
    request: HttpRequest,
    administrator: User,
    place: Place,
    rule: Rule | None = None,
    *,
    problems: list[str] | None = None,
    forecasts: list[tuple[str | Promise, Forecast]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with the rule that is being tried, or the one in force."""
    record = rule_in_force(place.site, place.programme)
    rule = rule or (Rule.parse(record.rule) if record else Rule())
    history = ReadingRule.objects.filter(site=place.site, programme=place.programme).select_related("by")
    versions = list(history.order_by("-version"))
    context = {
        "place": place,
        "places": [
            (Place(site, name), programme.label)
            for site in sites_where(administrator, Action.MANAGE_RULES).order_by("name")
            for name, programme in PROGRAMMES.items()
        ],
        "programme": PROGRAMMES[place.programme].label,
        "kinds": [
            (kind, label, words, kind == rule.kind)
            for kind, (label, words) in KINDS.items()
            if kind != Kind.BANDS or place.programme == "breast"
        ],
        "bands": [(band, band in (rule.single_bands or range(1, 10))) for band in BANDS],
        "rule": rule,
        "versions": [(row, KINDS[row.rule["kind"]][0]) for row in versions],
        "current": versions[0].version if versions else 0,
        "reads": len(past_reads(place.site, place.programme)),
        "forecasts": [(label, {**asdict(one), "most_recalls": one.most_recalls}) for label, one in forecasts or []],
        "columns": ",".join(double_reading.COLUMNS),
        "past": request.POST.get("past", ""),
        "reason": request.POST.get("reason", ""),
        "limits": [(Tier(limit.tier).label, limit) for limit in limits_of(place.site, place.programme)],
        "problems": problems or [],
    }
    return render(request, "reports/reading_rules.html", context, status=400 if problems and status == 200 else status)
