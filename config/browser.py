"""What a browser is told to forget."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ForgetMiddleware:
    """The end of a session drops the images that the browser kept; signing out, what scripts kept as well.

    A session that ended by itself leaves the scripts' storage: a text that was not sent yet lies there, encrypted,
    and is offered again after signing in. Stands before the sessions' own, whose answer it reads
    (Clear-Site-Data, https://www.w3.org/TR/clear-site-data/).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and cookie["max-age"] == 0:
            match = request.resolver_match
            out = match is not None and match.url_name == "account_logout"
            response["Clear-Site-Data"] = '"cache", "storage"' if out else '"cache"'
        return response
