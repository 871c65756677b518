"""Where the study on the screen stands in its reader's session, and what came up meanwhile."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from screening.models import Study, StudyNote
from screening.selectors.holding import is_held_back
from screening.selectors.phrases import relative_due
from screening.selectors.queue import scope_of
from screening.selectors.sessions import Standing, standing
from screening.selectors.worklist import priors_of


def standing_json(study: Study, user: User) -> dict[str, Any]:
    """{session, urgent, news}: session {words, title} or None, words empty for a study that is not of it; urgent
    {words, short, url, site} or None; news [{name, words}], each to be told once, when its name was not there before.
    """
    scope = scope_of(user)
    session = standing(scope)
    return {
        "session": _session(session, study) if session else None,
        "urgent": urgent_json(session.urgent, user) if session and session.urgent else None,
        "news": _news(study),
    }


def _session(session: Standing, study: Study) -> dict[str, str]:
    own = next((entry.position for entry in session.entries if entry.study == study.pk), None)
    title = _("%(done)d of %(total)d done in this session") % {"done": session.done, "total": session.total}
    if own is None:
        # Takes no room in the bar: the sign of it says this to whoever asks.
        return {"words": "", "title": f"{_('not in the session')} · {title}"}
    return {"words": _("%(n)d of %(total)d") % {"n": own, "total": session.total}, "title": title}


def urgent_json(study: Study, user: User) -> dict[str, str]:
    """A study that should not wait behind the session. No name: it is shown over another patient's images.

    That it should not wait is told to everybody who could read it; how soon the AI wants it read, to whom it is not
    held back from.
    """
    due, _late = relative_due(study, timezone.now(), with_ai=not is_held_back(user, study))
    what = study.description or study.modality or _("No description")
    return {
        "short": _("Urgent: %(what)s, %(due)s") % {"what": what, "due": due},
        "words": _("More urgent than your session: %(what)s, %(due)s") % {"what": what, "due": due},
        "url": reverse("study-claim", args=[study.study_uid]),
        "site": study.site.slug,
    }


def _news(study: Study) -> list[dict[str, str]]:
    news = []
    new = priors_of([study]).get(study.pk, (0, 0))[1]
    if new:
        words = ngettext(
            "%(n)d earlier study of this patient has come in.",
            "%(n)d earlier studies of this patient have come in.",
            new,
        )
        news.append({"name": f"prior-{new}", "words": words % {"n": new}})
    last = StudyNote.objects.filter(study=study).order_by("-id").first()
    if last is not None and not last.asks:
        news.append({"name": f"note-{last.pk}", "words": _("The technologist has answered.")})
    return news
