"""The form of signing in, and the administrator's form of one user: who they are, and a role per site."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import HoldBack, SecondFactor, SignWith, Site, TextSize, Theme, User
from accounts.roles import Role


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's own, with the field that it calls "Login" under the name a person knows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class AppearanceForm(forms.Form):
    theme = forms.ChoiceField(label=_("Theme"), choices=Theme.choices, widget=forms.RadioSelect)
    text_size = forms.ChoiceField(label=_("Size of type"), choices=TextSize.choices, widget=forms.RadioSelect)


class SiteForm(forms.Form):
    """A site's name and ways. `site`: the one that is changed; its short name stays, as addresses hold it."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Short name"), max_length=50, help_text=_("Small letters, digits and hyphens. It is never changed.")
    )
    sign_with = forms.ChoiceField(label=_("Signing a report asks for"), choices=SignWith.choices)
    hold_back_ai = forms.ChoiceField(label=_("Hold AI back until a first opinion"), choices=HoldBack.choices)
    break_glass_minutes = forms.IntegerField(
        label=_("Emergency access for readers of other sites, minutes"),
        min_value=0,
        max_value=480,
        initial=0,
        required=False,
        help_text=_("0: none. They see one study, with a reason, and the auditors are told."),
    )
    second_factor = forms.ChoiceField(
        label=_("Second factor at signing in"), choices=SecondFactor.choices, required=False
    )

    def __init__(self, *args: Any, site: Site | None = None, **kwargs: Any) -> None:
        self.site = site
        fields = ("name", "slug", "sign_with", "hold_back_ai", "break_glass_minutes", "second_factor")
        kwargs["initial"] = {name: getattr(site, name) for name in fields} if site else {"sign_with": SignWith.EACH}
        super().__init__(*args, **kwargs)
        if site:
            del self.fields["slug"]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower()
        if Site.objects.filter(slug=slug).exists():
            raise ValidationError(_("This short name is taken."))
        return slug


class UserForm(forms.Form):
    """`sites`: those the administrator answers for; each gets one select named role-<slug>.

    `whole`: the person is theirs to change, not their role alone; `own`: it is the administrator.
    """

    username = forms.CharField(label=_("User name"), max_length=150, validators=[User.username_validator])
    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(
        self,
        *args: Any,
        sites: list[Site],
        user: User | None = None,
        whole: bool = True,
        own: bool = False,
        **kwargs: Any,
    ) -> None:
        self.sites, self.user = sites, user
        roles = {m.site_id: m.role for m in user.memberships.all()} if user else {}
        initial = {f"role-{site.slug}": roles.get(site.pk, "") for site in sites}
        if user:
            initial |= {name: getattr(user, name) for name in ("username", "first_name", "last_name", "email")}
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        for site in sites:
            self.fields[f"role-{site.slug}"] = forms.ChoiceField(
                label=site.name, choices=[("", _("no role")), *Role.choices], required=False
            )
        if user:
            self.fields["username"].disabled = True
            self.fields["password"].label = _("New password (empty: unchanged)")
            if own or not whole:
                del self.fields["password"]
            for name in ("first_name", "last_name", "email"):
                self.fields[name].disabled = not whole
        else:
            self.fields["password"].label = _("Password (empty: a link to choose one)")

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if self.user is None and User.objects.filter(username__iexact=username).exists():
            raise ValidationError(_("This user name is taken."))
        return username

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.user is None and not any(self.memberships().values()):
            raise ValidationError(_("Give the user a role at one site at least."))
        return cleaned

    def clean_email(self) -> str:
        """One address, one person: it is a name to sign in by."""
        email: str = self.cleaned_data["email"]
        others = User.objects.exclude(pk=self.user.pk) if self.user else User.objects.all()
        if email and others.filter(email__iexact=email).exists():
            raise ValidationError(_("Somebody else has this e-mail address."))
        return email

    def memberships(self) -> dict[Site, str]:
        return {site: self.cleaned_data.get(f"role-{site.slug}", "") for site in self.sites}

    @property
    def person_fields(self) -> list[forms.BoundField]:
        return [
            self[name] for name in ("username", "first_name", "last_name", "email", "password") if name in self.fields
        ]

    @property
    def role_fields(self) -> list[forms.BoundField]:
        return [self[f"role-{site.slug}"] for site in self.sites]
