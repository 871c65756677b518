"""The page of the second window: empty by itself; the reading room puts its images there and takes them back."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET


@require_GET
@login_required
@never_cache
def images_window(request: HttpRequest) -> HttpResponse:
    """It knows of no study, so everybody who is signed in may open it."""
    return render(request, "reports/images_window.html")
