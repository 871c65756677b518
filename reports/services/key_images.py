"""The key images of a signed report: what the accepted findings look like, rendered in a child process, in bounded time."""

from __future__ import annotations

import atexit
import time
from dataclasses import replace
from pathlib import Path

import structlog
from django.utils.translation import gettext as _

from reports.export.document import KeyImage, ReportDocument
from reports.export.exported import ExportedFinding
from reports.export.pdf import report_pdf
from reports.models import Report
from reports.selectors.export import exported_report
from screening.dicom.pixels import PixelError
from screening.dicom.render_child import Renderer
from screening.dicom.rendering import Wish
from screening.models import Instance, Study
from screening.programmes import presets_for
from screening.selectors.phrases import finding_type
from screening.selectors.places import place_words
from screening.storage import MissingObject, UnreadableObject, storage

MOST = 4
# One that hangs costs so long, all of them together little more; whatever is missing is said.
EACH_S, ALL_S = 5.0, 10.0
SIDE = 900
LARGEST = 64 << 20
RENDERER = Renderer(hung_s=EACH_S)
atexit.register(RENDERER.close)
log = structlog.get_logger(__name__)


def illustrated_pdf(report: Report, document: ReportDocument, fonts: Path | None) -> bytes:
    """The PDF of `document`, the newest signed text of `report`, with its key images."""
    return report_pdf(with_key_images(report, document), fonts)


def with_key_images(report: Report, document: ReportDocument) -> ReportDocument:
    exported = exported_report(report)
    findings = exported.findings if exported is not None else ()
    if not findings:
        return document
    until = time.monotonic() + ALL_S
    made = []
    for finding in findings[:MOST]:
        image = _key_image(report.study, finding) if time.monotonic() < until else None
        made += [image] if image is not None else []
    notes = [_("They show what the findings rest on. The signature is under the text, not under the images.")]
    if missing := len(findings) - len(made):
        notes.append(_("Findings without an image here: %(n)d.") % {"n": missing})
    if not made:
        return document
    return replace(document, images=tuple(made), images_title=_("Key images"), images_note=" ".join(notes))


def _key_image(study: Study, finding: ExportedFinding) -> KeyImage | None:
    """None where the image is gone, too large, or cannot be decoded in time."""
    row = Instance.objects.filter(series__study=study, sop_uid=finding.sop_uid).first()
    if row is None or row.size > LARGEST or not row.rows or not row.columns:
        return None
    presets = presets_for(study.programme)
    window = (float(presets[0].level), float(presets[0].width), "linear") if presets else None
    try:
        with storage().open_range(row.sha256) as stream:
            data = stream.read()
        picture = RENDERER.make(data, Wish(frame=finding.frame, quality=85, window=window, size=(SIDE, SIDE)))
    except (MissingObject, UnreadableObject, PixelError) as error:
        log.warning("key_image_missing", study=study.pk, error=type(error).__name__)
        return None
    x0, y0, x1, y1 = finding.box
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    points = finding.contour if finding.contour is not None and len(finding.contour) > 2 else corners
    return KeyImage(
        picture=picture,
        outline=tuple((_share(x, row.columns), _share(y, row.rows)) for x, y in points),
        caption=_caption(finding),
        source=_source(row, finding),
    )


def _share(value: float, whole: int) -> float:
    return min(max(value / whole, 0.0), 1.0)


def _caption(finding: ExportedFinding) -> str:
    parts = [finding_type(finding.type), place_words(finding.location) if finding.location else ""]
    if finding.size_mm is not None:
        parts.append(_("%(size).1f mm") % {"size": finding.size_mm})
    return f"{finding.number}. " + ", ".join(part for part in parts if part)


def _source(row: Instance, finding: ExportedFinding) -> str:
    words = [_("Image %(n)d") % {"n": row.number} if row.number is not None else _("Image")]
    if row.frames > 1:
        words.append(_("frame %(n)d") % {"n": finding.frame})
    words.append(_("marked by %(model)s") % {"model": f"{finding.model.name} {finding.model.version}"})
    return ", ".join(words)
