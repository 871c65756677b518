"""The page of one's own API tokens, and the administrator's of those of their people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Site, User
from accounts.roles import Action, can
from accounts.selectors_tokens import administered_token, administered_tokens, live_tokens, own_token, scopes_for
from accounts.services.tokens import make_token, revoke_token
from accounts.tokens import NAME_LENGTH, Scope

DAYS = (
    (7, gettext_lazy("a week")),
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("a year")),
)


class TokenForm(forms.Form):
    """What a token may do at most, and for how long; offered is only what its person may."""

    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": gettext_lazy("what it is for")}),
    )
    scopes = forms.MultipleChoiceField(label=gettext_lazy("Scope"), widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label=gettext_lazy("Good for"), choices=DAYS, coerce=int, initial=90)
    site = forms.ModelChoiceField(
        label=gettext_lazy("Site"),
        queryset=Site.objects.none(),
        required=False,
        empty_label=gettext_lazy("all of yours"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = scopes_for(user)
        self.fields["scopes"].choices = [(scope.value, scope.label) for scope in offered]  # type: ignore[attr-defined]
        sites = Site.objects.filter(is_active=True, memberships__user=user)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
        self.can_do_anything = bool(offered)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens; POST makes one and shows it, this once."""
    person = _person(request)
    form = TokenForm(request.POST or None, user=person)
    if request.method == "POST" and form.is_valid():
        wanted = dict(form.cleaned_data)
        end = timezone.now() + timedelta(days=wanted.pop("days"))
        try:
            made, text = make_token(user=person, actor=person, expires_at=end, request=request, **wanted)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            answer = render(request, "accounts/token_made.html", {"made": made, "text": text})
            answer["Cache-Control"] = "no-store"
            return answer
    context = {"form": form, "tokens": _shown(live_tokens(person))}
    return render(request, "accounts/tokens.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    person = _person(request)
    if revoke_token(token=own_token(person, token_id), actor=person, request=request):
        messages.success(request, _("The token is revoked: nothing is answered to it any more."))
    return redirect("tokens")


@login_required
@require_GET
def people_tokens(request: HttpRequest) -> HttpResponse:
    """The tokens that reach the administrator's sites."""
    administrator = _administrator(request)
    text = request.GET.get("text", "").strip()[:100]
    page = Paginator(administered_tokens(administrator, text=text), 50).get_page(request.GET.get("page"))
    page.object_list = _shown(page.object_list)
    return render(request, "accounts/people_tokens.html", {"page": page, "text": text})


@login_required
@require_POST
def people_token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    administrator = _administrator(request)
    if revoke_token(token=administered_token(administrator, token_id), actor=administrator, request=request):
        messages.success(request, _("The token is revoked: nothing is answered to it any more."))
    return redirect("people-tokens")


def _administrator(request: HttpRequest) -> User:
    person = _person(request)
    if not can(person, Action.MANAGE_USERS):
        raise PermissionDenied(_("Only administrators manage users."))
    return person


def _shown(found: Any) -> list[Any]:
    """Tokens with the words of their scopes."""
    rows = list(found)
    for token in rows:
        token.words = [Scope(scope).label for scope in token.scopes if scope in Scope.values]
    return rows
