"""What a signed-in person tried and may not do is an event of the audit trail."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts import audit
from accounts.models import User, Verb


class DeniedMiddleware:
    """Record every answer 403 to a signed-in person: which address, by name, and on which object."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 403 and isinstance(request.user, User):
            match = request.resolver_match
            kind, key = next(iter(match.kwargs.items()), ("", "")) if match else ("", "")
            audit.record(
                Verb.ACCESS_DENIED,
                actor=request.user,
                object_type=kind.removesuffix("_uid").removesuffix("_id")[:32],
                object_id=str(key)[:128],
                detail={"address": match.view_name if match else "", "method": request.method},
                request=request,
                denied=True,
            )
        return response
