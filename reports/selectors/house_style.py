"""The house style in force, and the models of a site's own that lie ready."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings

from accounts.models import Site
from reports.content import ReportContent, Section
from reports.drafting.types import HouseStyle
from reports.models import DraftStyle

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def models_folder() -> Path:
    """Where a site's own models lie, each in a folder of its own: only who runs the server puts them there."""
    return Path(settings.FIRSTREAD_HOME) / "drafters"


def own_models() -> list[str]:
    """Names of the folders that hold weights as safetensors."""
    try:
        folders = [path for path in models_folder().iterdir() if path.is_dir() and NAME.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(path.name for path in folders if any(path.glob("*.safetensors")))


def style_record(site: Site, at: datetime | None = None) -> DraftStyle | None:
    """The newest version, or the one in force at a moment; None where none was set."""
    records = DraftStyle.objects.filter(site=site)
    return (records.filter(at__lte=at) if at else records).order_by("-version").first()


def house_style(site: Site) -> HouseStyle:
    """The style that the site's next draft is worded in."""
    record = style_record(site)
    if record is None:
        return HouseStyle()
    return HouseStyle(
        language=record.language,
        register=record.register,
        negatives=record.negatives,
        orders={name: tuple(order) for name, order in record.orders.items()},
        version=record.version,
        model=str(models_folder() / record.model) if record.model else "",
    )


def ordered_sections(content: ReportContent, site: Site, at: datetime | None = None) -> Sequence[Section]:
    """The sections of a report in the order of the site; every one of them, also if the record lacks it.

    at: when it was signed: a signed report keeps the order it had.
    """
    record = style_record(site, at)
    order = record.orders.get(content.programme or "general", []) if record else []
    places = {name: place for place, name in enumerate(order)}
    return sorted(content.sections, key=lambda section: places.get(section.name, len(places)))
