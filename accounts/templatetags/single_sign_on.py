"""The button of single sign-on, where there is one."""

from __future__ import annotations

from django import template

from accounts.oidc import provider

register = template.Library()


@register.simple_tag
def single_sign_on() -> str:
    """What the operator calls the provider; empty where there is none."""
    found = provider()
    return found.name if found else ""
