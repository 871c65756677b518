"""Report content, one file a programme: a new file with a `CONTENT` is all a new programme needs."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType

from reports.content.schema import ReportContent, Section

__all__ = ["ReportContent", "Section", "all_contents", "all_titles", "content_for", "normal_template"]


@lru_cache(maxsize=1)
def all_contents() -> Mapping[str | None, ReportContent]:
    """Every programme's content by programme name; the general one under None."""
    found: dict[str | None, ReportContent] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        content = getattr(import_module(f"{__name__}.{module.name}"), "CONTENT", None)
        if isinstance(content, ReportContent):
            found[content.programme] = content
    return MappingProxyType(found)


def content_for(programme: object) -> ReportContent:
    """The content of a programme; of anything unknown, or None, the general one. Never raises."""
    contents = all_contents()
    return contents[programme] if isinstance(programme, str) and programme in contents else contents[None]


def normal_template(programme: object, language: str = "en") -> dict[str, str]:
    """Section name → text of a normal report: what a person inserts, and answers for, with one key."""
    content = content_for(programme)
    return dict(content.normal_zh if language.startswith("zh") and content.normal_zh else content.normal)


def all_titles() -> list[str]:
    """Every title a reader can see, once each, for the message catalogue."""
    titles = {content.title for content in all_contents().values()}
    titles |= {section.title for content in all_contents().values() for section in content.sections}
    return sorted(titles)
