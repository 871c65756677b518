"""The bare address: to the first page one's role opens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import first_page


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(first_page(request))


urlpatterns = [path("", home, name="home")]
