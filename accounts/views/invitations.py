"""Inviting by link: the administrator's side, and the page where the invited person chooses a password."""

from __future__ import annotations

from smtplib import SMTPException

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Action, can
from accounts.selectors import user_for
from accounts.services.invitations import GOOD_FOR, InvitationError, accept, invitation_for, invite, send_by_mail
from accounts.services.invitations import withdraw as withdraw_invitation
from accounts.services.users import end_session

# Where the token waits between the link and the form, so that it stands in no further address.
SESSION_KEY = "invitation"


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise ValidationError(_("The two are not the same."))
        return again


def invited(request: HttpRequest, administrator: User, user: User) -> HttpResponse:
    """Make a link, send it where mail is set up, and show it, this once."""
    try:
        token = invite(actor=administrator, user=user, request=request)
    except PermissionError as error:
        messages.error(request, str(error))
        return redirect("user-change", user_id=user.pk)
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    try:
        sent, failed = send_by_mail(user=user, link=link), False
    except (SMTPException, OSError):
        sent, failed = False, True
    context = {"subject": user, "link": link, "days": GOOD_FOR.days, "sent": sent, "failed": failed}
    answer = render(request, "accounts/invited.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
@require_POST
def user_invite(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new link for a person: for who has not chosen a password yet, or has forgotten it."""
    administrator = _administrator(request)
    return invited(request, administrator, user_for(administrator, user_id))


@login_required
@require_POST
def user_withdraw(request: HttpRequest, user_id: int) -> HttpResponse:
    """End a person's link."""
    administrator = _administrator(request)
    user = user_for(administrator, user_id)
    try:
        if withdraw_invitation(actor=administrator, user=user, request=request):
            messages.success(request, _("The link is withdrawn."))
    except PermissionError as error:
        messages.error(request, str(error))
    return redirect("user-change", user_id=user.pk)


@login_required
@require_POST
def user_sign_out(request: HttpRequest, user_id: int) -> HttpResponse:
    """End a session of a person: POST `session`, its name; without it all."""
    administrator = _administrator(request)
    user = user_for(administrator, user_id)
    try:
        count = end_session(actor=administrator, user=user, name=request.POST.get("session", ""), request=request)
    except PermissionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Sessions ended: %(n)d.") % {"n": count})
    return redirect("user-change", user_id=user.pk)


@never_cache
@require_GET
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The link itself: puts its token aside and goes on to the form, whose address tells nothing."""
    try:
        invitation_for(token)
    except InvitationError as error:
        return _over(request, str(error))
    request.session[SESSION_KEY] = token
    return redirect("invitation-accept")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def invitation_accept(request: HttpRequest) -> HttpResponse:
    token = str(request.session.get(SESSION_KEY, ""))
    try:
        subject = invitation_for(token).user
        form = PasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                accept(token=token, password=form.cleaned_data["password"], request=request)
            except ValidationError as error:
                form.add_error("password", error)
            else:
                # whoever is signed in on this computer is not the one who signs in next
                request.session.flush()
                messages.success(request, _("Your password is set. Sign in with it now."))
                return redirect("account_login")
    except InvitationError as error:
        request.session.pop(SESSION_KEY, None)
        return _over(request, str(error))
    context = {"form": form, "subject": subject}
    return render(request, "accounts/invitation.html", context, status=400 if form.errors else 200)


def _over(request: HttpRequest, reason: str) -> HttpResponse:
    return render(request, "accounts/invitation.html", {"over": reason}, status=404)


def _administrator(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not can(request.user, Action.MANAGE_USERS):
        raise PermissionDenied(_("Only administrators manage users."))
    return request.user
