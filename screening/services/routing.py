"""What routing looks at, out of the rows of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from screening.dicom.volume import NOT_SLICES
from screening.models import Instance, Series, Study
from screening.programmes import SeriesFacts

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def facts_of(study: Study) -> list[SeriesFacts]:
    """The facts of every series of a study, in the order of the series. Two queries."""
    series = Series.objects.filter(study=study).prefetch_related("instances").order_by("number", "id")
    return [_facts(item, study) for item in series]


def _facts(series: Series, study: Study) -> SeriesFacts:
    instances = list(series.instances.all())
    primary = [instance for instance in instances if _is_primary(instance)]
    headers = [instance.header for instance in primary or instances]
    words = [study.description, series.description]
    for name in ("protocol", "procedure"):
        words += sorted({str(header.get(name, "")) for header in headers})
    return SeriesFacts(
        modality=series.modality,
        body_part=series.body_part,
        descriptions=tuple(dict.fromkeys(word for word in words if word)),
        images=sum(instance.frames for instance in instances),
        primary=sum(instance.frames for instance in primary),
        in_plane_mm=_in_plane(primary),
        extent_mm=_extent(headers),
        contrast=any(header.get("contrast") for header in headers),
    )


def _is_primary(instance: Instance) -> bool:
    """An image a scanner made for reading: no localizer, projection, screen save or colour capture."""
    kinds = {word.strip() for word in instance.header.get("image_type", [])}
    return (
        not kinds & NOT_SLICES
        and not instance.sop_class_uid.startswith(_SECONDARY_CAPTURE)
        and instance.header.get("samples", 1) == 1
    )


def _in_plane(primary: Sequence[Instance]) -> float | None:
    """The larger side of the field of view in mm."""
    for instance in primary:
        spacing = instance.header.get("pixel_spacing")
        if spacing and min(spacing) > 0:
            return float(max(instance.rows * spacing[0], instance.columns * spacing[1]))
    return None


def _extent(headers: Sequence[dict[str, Any]]) -> float | None:
    """Length covered along the first image's normal in mm, from the positions; None without them."""
    placed = [header for header in headers if header.get("image_position") and header.get("image_orientation")]
    if len(placed) < 2:
        return None
    a, b, c, d, e, f = placed[0]["image_orientation"]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    along = [sum(x * y for x, y in zip(header["image_position"], normal, strict=True)) for header in placed]
    return float(max(along) - min(along))
