"""The review of a text that is being written, as JSON."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from accounts.roles import Action
from reports.answers import Answer, checked_request, refused
from reports.coded import AnswersError
from reports.models import Report
from reports.sections import SectionsError
from reports.selectors import report_for
from reports.selectors.coded import readable_answers
from reports.selectors.report import TextState, text_state
from reports.selectors.review import addendum_reviewed, listed, remarks_json
from reports.services.amending import may_word
from reports.services.editing import checked_text
from reports.states import REPORT_TABLE


class ReviewRequest(serializers.Serializer):
    """Either a text of the report with its answers, or what is being added to the signed one."""

    sections = serializers.JSONField(allow_null=True, default=None)
    answers = serializers.JSONField(allow_null=True, default=None)
    addendum = serializers.CharField(allow_null=True, allow_blank=True, max_length=20_000, default=None)


def review_answer(*, user: User, report_id: int, body: object) -> Answer:
    """200 with the remarks, 400 no text of a report. Raises Http404, PermissionDenied: only who may word it now."""
    report = report_for(user, report_id, Action.VIEW_REPORT)
    sent = checked_request(ReviewRequest, body)
    if isinstance(sent, Answer):
        return sent
    if sent["sections"] is None and sent["addendum"] is None:
        return refused(400, _("Not usable: %(fields)s.") % {"fields": "sections"})
    # Whoever waits for opinions is told nothing of findings or of what another reader made of them.
    may_word(report=report, user=user)
    state = text_state(report)
    if sent["addendum"] is not None:
        return _of_addendum(report, state, sent["addendum"])
    try:
        sections = checked_text(report, state, sent["sections"])
        answers = readable_answers(report, sent["answers"]) if sent["answers"] is not None else None
    except (SectionsError, AnswersError) as error:
        return refused(400, str(error))
    if answers is None and state.current is not None:
        answers = state.current.answers
    return Answer(200, {"remarks": remarks_json(report, sections, answers)})


def _of_addendum(report: Report, state: TextState, text: str) -> Answer:
    """Before the signature there is no report that could be added to."""
    if state.current is None or (report.status, "add") not in REPORT_TABLE:
        return refused(400, _("Only a signed report takes an addendum."))
    found = addendum_reviewed(report, state.current.sections, state.current.answers, text)
    return Answer(200, {"remarks": listed(report, found)})
