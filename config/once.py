"""What one page asks of the database again and again is asked once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection
from django.http import HttpRequest, HttpResponse

Answer = TypeVar("Answer")
_KNOWN: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)
# Nothing that is remembered is in the audit trail, and every page adds to it.
HARMLESS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", 'INSERT INTO "accounts_auditevent"')


def once(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """The answer to `ask`, remembered until the end of the request that only reads, or until it writes something.

    Outside such a request, as in tasks and commands, every call asks.
    """
    known = _KNOWN.get()
    if known is None:
        return ask()
    if key not in known:
        known[key] = ask()
    answer: Answer = known[key]
    return answer


def _forget_on_write(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    known = _KNOWN.get()
    if known and not sql.startswith(HARMLESS):
        known.clear()
    return execute(sql, params, many, context)


class OnceMiddleware:
    """Let `once` remember while a page is made (GET, HEAD); what changes something asks each time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        token = _KNOWN.set({})
        try:
            with connection.execute_wrapper(_forget_on_write):
                return self.get_response(request)
        finally:
            _KNOWN.reset(token)
