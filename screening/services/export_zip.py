"""An export as one zip, written as it is sent: no whole of it ever lies in memory or beside the store."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

from django.template.loader import render_to_string

from screening.deidentify.rules import KINDS_OF_CHANGE, OPTIONS
from screening.models import Export, ExportFile
from screening.selectors.exports import figures
from screening.storage import storage

CHUNK = 1 << 20
FORMAT = "firstread-export-1"


class _Sink:
    """What `ZipFile` writes to: a stream that cannot go back, emptied after each step."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing lies behind this stream."""

    def taken(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def zip_stream(export: Export) -> Iterator[bytes]:
    """manifest.json, report.json, report.html, then studies/<new study>/<new object>.dcm.

    Raises `MissingObject` or `UnreadableObject` in the middle of it, which breaks the zip off: better than one that
    looks whole.
    """
    told = figures(export)
    files = ExportFile.objects.filter(of__export=export).order_by("id")
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for name, text in (
            ("manifest.json", json.dumps(manifest(export, told), indent=1)),
            ("report.json", json.dumps(told | {"per_object": _per_object(export)}, indent=1)),
            ("report.html", render_to_string("screening/export_report.html", {"told": told, **rows(told)})),
        ):
            archive.writestr(_named(export, name), text)
            yield sink.taken()
        for file in files.iterator(chunk_size=200):
            with (
                storage().open_range(file.sha256) as source,
                archive.open(_named(export, f"studies/{file.path}"), "w", force_zip64=True) as target,
            ):
                while piece := source.read(CHUNK):
                    target.write(piece)
                    yield sink.taken()
    yield sink.taken()


def _named(export: Export, name: str) -> zipfile.ZipInfo:
    moment = export.finished_at or export.asked_at
    return zipfile.ZipInfo(name, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second))


def manifest(export: Export, told: dict[str, Any]) -> dict[str, Any]:
    """What is in the zip: new names, sizes and digests. No reason, no old name, no person but the receiving one."""
    files = ExportFile.objects.filter(of__export=export).order_by("id")
    return {
        "format": FORMAT,
        "project": export.project,
        "recipient": export.recipient,
        "finished_at": export.finished_at.isoformat() if export.finished_at else None,
        "method": told["method"],
        "options": [{"code": code, "meaning": words} for code, words in OPTIONS],
        "studies": [{"study": each["study"], "objects": each["objects"]} for each in told["studies"]],
        "files": [
            {"path": f"studies/{path}", "sha256": sha256, "bytes": size}
            for path, sha256, size in files.values_list("path", "sha256", "size").iterator()
        ],
    }


def _per_object(export: Export) -> list[dict[str, Any]]:
    files = ExportFile.objects.filter(of__export=export).order_by("id")
    return [{"object": path, **counts} for path, counts in files.values_list("path", "counts").iterator()]


def rows(told: dict[str, Any]) -> dict[str, Any]:
    """For the report that people read: (element, counts in the order of the kinds)."""
    elements = sorted({name for kind in KINDS_OF_CHANGE for name in told[kind]})
    return {
        "kinds": KINDS_OF_CHANGE,
        "elements": [(name, [told[kind].get(name, 0) for kind in KINDS_OF_CHANGE]) for name in elements],
    }
