"""The bare address: to the first page one's role opens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import first_page, navigation


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """A redirect; for a person without any role a page that says what is missing and who can give it."""
    if request.user.is_authenticated and not navigation(request)["navigation"]:
        return render(request, "home.html")
    return HttpResponseRedirect(first_page(request))


urlpatterns = [path("", home, name="home")]
