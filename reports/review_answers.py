"""The review of a text that is being written, as JSON."""

from __future__ import annotations

from rest_framework import serializers

from accounts.models import User
from accounts.roles import Action
from reports.answers import Answer, checked_request, refused
from reports.coded import AnswersError
from reports.sections import SectionsError
from reports.selectors import report_for
from reports.selectors.coded import readable_answers
from reports.selectors.report import text_state
from reports.selectors.review import remarks_json
from reports.services.editing import checked_text, may_write


class ReviewRequest(serializers.Serializer):
    sections = serializers.JSONField()
    answers = serializers.JSONField(allow_null=True, default=None)


def review_answer(*, user: User, report_id: int, body: object) -> Answer:
    """200 with the remarks, 400 no text of a report. Raises Http404, PermissionDenied: only who may write it."""
    report = report_for(user, report_id, Action.VIEW_REPORT)
    sent = checked_request(ReviewRequest, body)
    if isinstance(sent, Answer):
        return sent
    # Whoever waits for opinions is told nothing of findings or of what another reader made of them.
    may_write(report=report, user=user)
    try:
        state = text_state(report)
        sections = checked_text(report, state, sent["sections"])
        answers = readable_answers(report, sent["answers"]) if sent["answers"] is not None else None
    except (SectionsError, AnswersError) as error:
        return refused(400, str(error))
    if answers is None and state.current is not None:
        answers = state.current.answers
    return Answer(200, {"remarks": remarks_json(report, sections, answers)})
