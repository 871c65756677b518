"""The headers of a series, read from its files once and kept ready to be sent."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from contextlib import suppress

from django.db import IntegrityError

from screening.dicom.attributes import Attributes, attribute, dumps, header_attributes
from screening.models import Instance, Series, SeriesMetadata
from screening.storage import storage

# To be raised whenever the same files would be told differently.
FORMAT = b"1"


def image_metadata(sha256: str) -> Attributes:
    """The header of one stored file; where it cannot be read, what its row knows. Raises `MissingObject`."""
    with storage().open_range(sha256) as stream:
        found = header_attributes(stream)
    if found is not None:
        return found
    instance = Instance.objects.filter(sha256=sha256).select_related("series__study").first()
    if instance is None:
        return {}
    return {
        "00080016": attribute("UI", instance.sop_class_uid),
        "00080018": attribute("UI", instance.sop_uid),
        "0020000D": attribute("UI", instance.series.study.study_uid),
        "0020000E": attribute("UI", instance.series.series_uid),
        "00200013": attribute("IS", instance.number),
    }


def series_metadata(series_id: int, files: Sequence[str]) -> bytes:
    """The headers of `files` (their digests, in order) as a JSON array, compressed by gzip.

    Read from the files only when they are others than the last time. Raises `MissingObject`.
    """
    key = hashlib.sha256(FORMAT + "".join(files).encode("ascii")).hexdigest()
    kept = SeriesMetadata.objects.filter(series_id=series_id, inputs_sha256=key).values_list("body", flat=True).first()
    if kept is not None:
        return bytes(kept)
    body = gzip.compress(b"[" + b",".join(dumps(image_metadata(sha256)) for sha256 in files) + b"]", mtime=0)
    # Should the series go meanwhile, the answer is as true as it was when it was asked for.
    with suppress(IntegrityError):
        SeriesMetadata.objects.update_or_create(series_id=series_id, defaults={"inputs_sha256": key, "body": body})
    return body


def prepare_metadata(study_id: int) -> int:
    """Read the headers of a complete study before anybody asks for them; returns how many series it has."""
    series = Series.objects.filter(study_id=study_id)
    for one in series:
        files = list(one.instances.order_by("number", "id").values_list("sha256", flat=True))
        if files:
            series_metadata(one.pk, files)
    return len(series)
