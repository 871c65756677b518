"""How long a page that was just opened takes no press for signing or going on."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def lock_out_seconds() -> str:
    """Seconds, with a point whatever the language."""
    return f"{settings.LOCK_OUT_SECONDS:g}"
