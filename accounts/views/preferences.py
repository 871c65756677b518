"""The pages where a person has things their way. Everybody who is signed in may, and only for themselves."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import AppearanceForm
from accounts.keymap import ACTS, SCOPE_WORDS, KeymapError, effective
from accounts.models import User
from accounts.preferences import THEME_COOKIE
from accounts.services.preferences import exported_keys, import_keys, reset_keys, set_appearance, set_keys

YEAR = 365 * 24 * 3600


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@login_required
@require_http_methods(["GET", "POST"])
def appearance(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    form = AppearanceForm(request.POST or None, initial={"theme": person.theme, "text_size": person.text_size})
    if request.method == "POST" and form.is_valid():
        theme = form.cleaned_data["theme"]
        set_appearance(user=person, theme=theme, text_size=int(form.cleaned_data["text_size"]), request=request)
        messages.success(request, _("Saved."))
        answer = redirect("preferences")
        answer.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
        )
        return answer
    return render(request, "accounts/preferences.html", {"form": form}, status=400 if form.errors else 200)


def _rows(keys: dict[str, Any]) -> list[dict[str, Any]]:
    """Scopes with their acts, each with the keys as one line of text: no key has a blank in it."""
    return [
        {
            "words": words,
            "acts": [
                {"name": act.name, "words": act.words, "keys": " ".join(keys[act.name]), "usual": " ".join(act.keys)}
                for act in ACTS
                if act.scope == scope
            ],
        }
        for scope, words in SCOPE_WORDS.items()
    ]


@login_required
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    shown: dict[str, Any] = dict(effective(person.keys))
    refusal = ""
    if request.method == "POST":
        wanted = {act.name: request.POST[act.name].split() for act in ACTS if act.name in request.POST}
        before = person.keys
        try:
            set_keys(user=person, keys=wanted, request=request)
        except KeymapError as error:
            person.keys = before
            refusal, shown = str(error), shown | wanted
        else:
            messages.success(request, _("Your keys are saved. They hold from the next page on."))
            return redirect("preferences-keys")
    context = {"scopes": _rows(shown), "refusal": refusal}
    return render(request, "accounts/preferences_keys.html", context, status=400 if refusal else 200)


@login_required
@require_POST
def keys_reset(request: HttpRequest) -> HttpResponse:
    reset_keys(user=_person(request), request=request)
    messages.success(request, _("All keys are as they came."))
    return redirect("preferences-keys")


@login_required
@require_GET
def keys_export(request: HttpRequest) -> HttpResponse:
    text = json.dumps(exported_keys(_person(request)), ensure_ascii=False, indent=1)
    answer = HttpResponse(text + "\n", content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="firstread-keys.json"'
    return answer


@login_required
@require_POST
def keys_import(request: HttpRequest) -> HttpResponse:
    """POST `file`: what `keys_export` gave, here or elsewhere."""
    file = request.FILES.get("file")
    try:
        unknown = import_keys(user=_person(request), data=file.read() if file else b"", request=request)
    except KeymapError as error:
        messages.error(request, _("Nothing was changed. %(reason)s") % {"reason": error})
    else:
        messages.success(request, _("The keys of the file are yours now."))
        if unknown:
            names = ", ".join(unknown[:10])
            messages.warning(request, _("Left out, because this version has no such act: %(names)s") % {"names": names})
    return redirect("preferences-keys")
