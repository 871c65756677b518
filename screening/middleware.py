"""A stored image that cannot be read is said, on every page and interface alike."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.errors import unreadable
from screening.storage import UnreadableObject


class UnreadableMiddleware:
    """Answer 503 with a sentence, never an empty picture; the store has logged and counted which it was.

    An answer that is on its way already breaks off, so that its length is wrong and nobody takes it for whole.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return unreadable(request) if isinstance(exception, UnreadableObject) else None
