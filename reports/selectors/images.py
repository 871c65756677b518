"""The images of a study as the viewer takes them, in the order in which they hang."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from reports.hanging import (
    film_of,
    hangs_in_a_place,
    is_localiser,
    mammography_place,
    plane_of,
    position_along_normal,
    reads_from_the_feet,
    stack_key,
)
from reports.image_geometry import spacing_of
from screening.dicom.stack import VOLUMES, volume_of
from screening.models import Instance, Series, Study

UNNUMBERED = 2**31


def hang_of(study: Study) -> str:
    return "mammography" if study.modality == "MG" else "stack"


def series_of(study: Study) -> list[dict[str, Any]]:
    """Every series with at least one image, one entry a frame; two queries.

    Mammography goes RCC LCC RMLO LMLO, other views after; a stack goes by position along its
    normal, else by InstanceNumber; localisers come last.
    """
    series = list(study.series.prefetch_related("instances"))
    mammography = hang_of(study) == "mammography"
    hung: list[tuple[tuple[bool, int, int, int], dict[str, Any]]] = []
    for index, each in enumerate(series):
        instances = [instance for instance in each.instances.all() if instance.rows and instance.columns]
        if not instances:
            continue
        instances.sort(key=_mammography_key if mammography else _stack_key)
        if not mammography and reads_from_the_feet([(each.header, each.number) for each in instances]):
            instances.reverse()
        localiser = all(is_localiser(instance.header) for instance in instances)
        place = mammography_place(instances[0].header) if mammography else 0
        number = each.number if each.number is not None else UNNUMBERED
        hung.append(((localiser, place, number, index), _series_json(each, instances, study.site.slug)))
    return [entry for _order, entry in sorted(hung, key=lambda item: item[0])]


def _mammography_key(instance: Instance) -> tuple[Any, ...]:
    return (mammography_place(instance.header), instance.number is None, instance.number or 0, instance.sop_uid)


def _stack_key(instance: Instance) -> tuple[Any, ...]:
    return (*stack_key(instance.header, instance.number), instance.sop_uid)


def _series_json(series: Series, instances: list[Instance], site: str) -> dict[str, Any]:
    return {
        "uid": series.series_uid,
        "number": series.number,
        "modality": series.modality,
        "description": series.description,
        "orientation": plane_of(instances[len(instances) // 2].header),
        "localiser": all(is_localiser(instance.header) for instance in instances),
        "volume": _volume(series, instances),
        "images": [
            _image_json(instance, frame, site, series)
            for instance in instances
            for frame in range(1, max(1, instance.frames) + 1)
        ],
    }


def _volume(series: Series, instances: list[Instance]) -> dict[str, Any] | None:
    """Only of series whose slices are meant to make a volume."""
    if series.modality not in VOLUMES or all(is_localiser(instance.header) for instance in instances):
        return None
    sizes = [(instance.rows or 0, instance.columns or 0, max(1, instance.frames)) for instance in instances]
    return volume_of([instance.header for instance in instances], sizes)


def _image_json(instance: Instance, frame: int, site: str, series: Series) -> dict[str, Any]:
    film = film_of(instance.header, series.description)
    return {
        "sop_uid": instance.sop_uid,
        "url": f"{reverse('api-instance-file', args=(instance.sop_uid,))}?site={site}",
        "frame": frame,
        "frames": max(1, instance.frames),
        "number": instance.number,
        "rows": instance.rows,
        "columns": instance.columns,
        "laterality": film.side,
        "view": film.view,
        "side_from": film.taken_from,
        "plain": hangs_in_a_place(instance.header, instance.frames),
        "patient_orientation": instance.header.get("patient_orientation") or [],
        "position_z": position_along_normal(instance.header),
        "photometric": str(instance.header.get("photometric") or ""),
        **spacing_of(instance.header, series.modality),
    }
