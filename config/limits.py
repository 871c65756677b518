"""What a request may send, and how much, asked before anything of it is read."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.pagination import LimitOffsetPagination

from config.errors import bad_request

# Room for the form around the files.
FORM_BYTES = 1 << 20
# These read a body only once they know who sends it, and keep limits of their own.
STREAMED = ("/api/", "/dicomweb/")


class Pages(LimitOffsetPagination):
    """Pages of the REST interface; no request gets a whole archive at once."""

    max_limit = 1000


class BodyLimitMiddleware:
    """Answer 413 to a body no page would take: the CSRF check would write it to the disk first, whoever sent it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(STREAMED) and _length(request) > _limit(request):
            return JsonResponse({"detail": _("The files are too large to be sent at once.")}, status=413)
        return self.get_response(request)


class NulMiddleware:
    """Answer 400 to the character NUL, which PostgreSQL takes in no text and no JSON and a person never types.

    In the address, the query and the cookies it is looked for; a body is left unread, and speaks up when what it
    holds reaches the database, whose refusal leaves everything as it was.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = (request.path, unquote(request.META.get("QUERY_STRING", "")), *request.COOKIES.values())
        return bad_request(request) if any("\0" in each for each in given) else self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refused = isinstance(exception, DataError) and any(sign in str(exception) for sign in ("(0x00)", "\\u0000"))
        return bad_request(request) if refused else None


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _limit(request: HttpRequest) -> int:
    if request.path in (reverse("upload-receive"), reverse("model-install")) and request.user.is_authenticated:
        most = settings.MODEL_MAX_BYTES if request.path == reverse("model-install") else settings.UPLOAD_MAX_BYTES
        return int(most) + FORM_BYTES
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
