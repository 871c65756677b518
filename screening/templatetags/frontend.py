"""Puts a built front-end entry into a page, under the one name the build gave it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@lru_cache(maxsize=4)
def _manifest(path: str, _changed: int) -> dict[str, dict[str, Any]]:
    parsed: dict[str, dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    return parsed


def _chunks(manifest: dict[str, dict[str, Any]], key: str, seen: list[str]) -> list[str]:
    """Keys of the chunks an entry imports at once, each only once, nearest first."""
    for imported in manifest[key].get("imports", []):
        if imported not in seen:
            seen.append(imported)
            _chunks(manifest, imported, seen)
    return seen


@register.simple_tag
def frontend_entry(name: str) -> SafeString:
    """Style links, preloads and the module script of `name`, or a sentence when it is not built."""
    path = Path(settings.FRONTEND_MANIFEST)
    key = f"src/{name}/main.js"
    try:
        manifest = _manifest(str(path), path.stat().st_mtime_ns)
        entry = manifest[key]
    except (FileNotFoundError, KeyError):
        return format_html(
            '<p class="notice error" role="alert">{}</p>',
            _("The scripts of this page are not built. Run “make setup” and load the page again."),
        )
    base = f"{settings.STATIC_URL}dist/"
    chunks = _chunks(manifest, key, [])
    styles = [file for chunk in [key, *chunks] for file in manifest[chunk].get("css", [])]
    return format_html(
        '{}{}<script type="module" src="{}"></script>',
        format_html_join("", '<link rel="stylesheet" href="{}">', ((base + file,) for file in styles)),
        format_html_join(
            "", '<link rel="modulepreload" href="{}">', ((base + manifest[chunk]["file"],) for chunk in chunks)
        ),
        base + entry["file"],
    )


@register.simple_tag
def frontend_ahead(name: str) -> SafeString:
    """Has the browser fetch the scripts of `name` while the page it will be needed on is not open yet."""
    path = Path(settings.FRONTEND_MANIFEST)
    try:
        manifest = _manifest(str(path), path.stat().st_mtime_ns)
        keys = [f"src/{name}/main.js", *_chunks(manifest, f"src/{name}/main.js", [])]
    except (FileNotFoundError, KeyError):
        return SafeString("")
    base = f"{settings.STATIC_URL}dist/"
    return format_html_join(
        "", '<link rel="prefetch" as="script" href="{}">', ((base + manifest[key]["file"],) for key in keys)
    )
