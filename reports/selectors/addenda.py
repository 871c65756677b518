"""What came after a report was signed: its addenda, and images that are not in it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.export.document import AddendumText
from reports.models import Addendum, Meaning, Report
from reports.selectors.times import both_times
from screening.models import Study
from screening.selectors import late_after_report


def addenda_of(report: Report) -> list[Addendum]:
    """In the order in which they were signed, without those that were erased."""
    if not report.pk:
        return []
    return list(report.addenda.exclude(text="").select_related("signature", "adds_to").order_by("number"))


def addenda_json(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "number": each.number,
            "text": each.text,
            "reason": each.reason,
            "signer": each.signature.signer_name,
            "meaning": each.signature.meaning,
            "meaning_label": each.signature.get_meaning_display(),
            "signed_at": each.signature.signed_at.isoformat(),
            "signed_words": both_times(each.signature.signed_at),
            "sha256": each.signature.content_sha256,
            "adds_to_sha256": each.adds_to.content_sha256,
        }
        for each in addenda_of(report)
    ]


def addendum_texts(report: Report) -> tuple[AddendumText, ...]:
    """The addenda as print and PDF show them."""
    return tuple(
        AddendumText(
            _("Addendum %(number)d") % {"number": each.number},
            each.text,
            (
                (_("Reason"), each.reason),
                (_("Signed by"), each.signature.signer_name),
                (_("Meaning"), str(Meaning(each.signature.meaning).label)),
                (_("Signed at"), both_times(each.signature.signed_at)),
                (_("Content SHA-256"), each.signature.content_sha256[:16]),
                (_("Adds to SHA-256"), each.adds_to.content_sha256[:16]),
            ),
        )
        for each in addenda_of(report)
    )


def appended_line(count: int) -> str:
    """The line at the head of a report that says it goes on after its signature; "" without addenda."""
    if not count:
        return ""
    return ngettext("%(n)d addendum follows after the signature", "%(n)d addenda follow after the signature", count) % {
        "n": count
    }


def came_late(study: Study) -> dict[str, Any]:
    """images: all of the study, so that a reader can say which they have seen; text: "" when none came late."""
    late = late_after_report(study)
    text = ngettext(
        "%(n)d image came after this report was signed; it is not in it.",
        "%(n)d images came after this report was signed; they are not in it.",
        late,
    ) % {"n": late}
    return {"count": late, "images": study.instance_count, "text": text if late else ""}
