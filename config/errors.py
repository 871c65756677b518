"""Error pages in plain sentences: JSON where a program asks, a page where a person does."""

from __future__ import annotations

import sys

from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def _wants_json(request: HttpRequest) -> bool:
    if request.path.startswith(("/api/", "/dicomweb/")):
        return True
    return request.accepts("application/json") and not request.accepts("text/html")


def _answer(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"detail": sentence}, status=status)
    return render(request, "error.html", {"title": title, "sentence": sentence}, status=status)


def bad_request(request: HttpRequest) -> HttpResponse:
    """What was sent holds the character NUL."""
    title, sentence = _("Not understood"), _("What was sent holds a character that no text may hold (NUL).")
    if _wants_json(request):
        return JsonResponse({"detail": sentence}, status=400)
    # Without the request, whose very session may be named with it.
    return HttpResponse(render_to_string("error.html", {"title": title, "sentence": sentence}), status=400)


def not_understood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400. What was refused as suspicious is told nothing of why."""
    if isinstance(exception, BadRequest) and str(exception):
        return _answer(request, 400, _("Not understood"), str(exception))
    title, sentence = _("Not understood"), _("What was sent cannot be used.")
    if _wants_json(request):
        return JsonResponse({"detail": sentence}, status=400)
    # Without the request, whose very host may be what is wrong.
    return HttpResponse(render_to_string("error.html", {"title": title, "sentence": sentence}), status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    sentence = str(exception) if exception and str(exception) else _("Your role does not allow this.")
    return _answer(request, 403, _("Not allowed"), sentence)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, _("Not found"), _("There is nothing here, or you may not see it."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500; while the database does not answer 503, which programs and proxies know to be worth another try."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    if away:
        title = _("Not available at the moment")
        sentence = _("The database does not answer. What was saved is kept; try again in a moment.")
    else:
        title, sentence = _("Something went wrong"), _("The error was noted. Nothing you saved is lost.")
    answer: HttpResponse
    if _wants_json(request):
        answer = JsonResponse({"detail": sentence}, status=503 if away else 500)
    else:
        # Without the request, so that the page asks nothing of a database that may be what is wrong.
        page = render_to_string("error.html", {"title": title, "sentence": sentence})
        answer = HttpResponse(page, status=503 if away else 500)
    if away:
        answer["Retry-After"] = "5"
    return answer


def unreadable(request: HttpRequest) -> HttpResponse:
    """A stored image is not what was stored, or its key is not given."""
    sentence = _("A stored image cannot be read. The department's administrator can see which it is.")
    return _answer(request, 503, _("Image not readable"), sentence)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = _("The page was open for too long. Go back, load it again and repeat the last step.")
    return _answer(request, 403, _("Please load the page again"), sentence)
