"""The signed versions of a report: each text that was signed, who signed and co-signed it, and what the next one changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from reports.content import content_for
from reports.content.wording import changes
from reports.models import TEXTS, Meaning, Report, Signature
from reports.selectors.times import both_times


@dataclass(frozen=True)
class Version:
    """number: from 1. reason: of an amendment, else "". texts: section name → the signed sentences as one text."""

    number: int
    signature: Signature
    reason: str
    texts: Mapping[str, str]
    cosigned: list[Signature] = field(default_factory=list)


def section_texts(signed: Mapping[str, Any]) -> dict[str, str]:
    """Section name → its sentences as one text, in the order in which they were signed."""
    return {
        section["name"]: " ".join(sentence["text"] for sentence in section["sentences"])
        for section in signed["sections"]
    }


def versions_of(report: Report) -> list[Version]:
    """In the order in which they were signed, read from the signed bytes; erased ones are not among them."""
    found: list[Version] = []
    if not report.pk:
        return found
    for signature in report.signatures.exclude(canonical="").select_related("signer").order_by("sequence"):
        if signature.meaning in TEXTS:
            signed = json.loads(signature.canonical)
            found.append(Version(len(found) + 1, signature, signed.get("reason", ""), section_texts(signed)))
        elif signature.meaning == Meaning.COSIGNED and found:
            found[-1].cosigned.append(signature)
    return found


def may_cosign(report: Report, user: User) -> bool:
    """Is this person neither the signer of the text that counts nor among those who have co-signed it?"""
    text = report.signatures.filter(meaning__in=TEXTS).order_by("sequence").last()
    if text is None or text.meaning == Meaning.PRELIMINARY or text.signer_id == user.pk:
        return False
    return not report.signatures.filter(meaning=Meaning.COSIGNED, signer=user, sequence__gt=text.sequence).exists()


def versions_json(report: Report) -> list[dict[str, Any]]:
    """The versions for page and API. changes: of each section that differs from the version before, its pieces
    ["same" | "gone" | "new", text]; empty for the first version."""
    versions = versions_of(report)
    return [
        {
            "number": each.number,
            **_signed(each.signature),
            "reason": each.reason,
            "cosigned": [_signed(signature) for signature in each.cosigned],
            "sections": _titled(report, each.texts),
            "changes": _changes(report, versions[each.number - 2].texts, each.texts) if each.number > 1 else [],
        }
        for each in versions
    ]


def _signed(signature: Signature) -> dict[str, str]:
    return {
        "signer": signature.signer_name,
        "meaning": signature.meaning,
        "meaning_label": str(signature.get_meaning_display()),
        "signed_at": signature.signed_at.isoformat(),
        "signed_words": both_times(signature.signed_at),
        "sha256": signature.content_sha256,
    }


def signature_facts(signature: Signature) -> tuple[tuple[str, str], ...]:
    """(label, value) of who signed, what it meant, when, and over which bytes."""
    label = _("Co-signed by") if signature.meaning == Meaning.COSIGNED else _("Signed by")
    return (
        (label, signature.signer_name),
        (_("Meaning"), str(signature.get_meaning_display())),
        (_("Signed at"), both_times(signature.signed_at)),
        (_("Content SHA-256"), signature.content_sha256[:16]),
    )


def _titles(report: Report) -> dict[str, str]:
    return {section.name: _(section.title) for section in content_for(report.programme).sections}


def _titled(report: Report, texts: Mapping[str, str]) -> list[dict[str, str]]:
    titles = _titles(report)
    return [{"name": name, "title": titles.get(name, name), "text": text} for name, text in texts.items() if text]


def _changes(report: Report, before: Mapping[str, str], after: Mapping[str, str]) -> list[dict[str, Any]]:
    titles = _titles(report)
    return [
        {"name": name, "title": titles.get(name, name), "pieces": [list(piece) for piece in changes(old, new)]}
        for name in dict.fromkeys((*after, *before))
        if (old := before.get(name, "")) != (new := after.get(name, ""))
    ]


def version_words(version: Version, versions: list[Version]) -> str:
    """The line at the head of a version that says what it is beside the others; "" for the one and only."""
    if version.number < len(versions):
        later = versions[version.number]
        return _("Version %(number)d, replaced on %(at)s by %(who)s. It no longer counts.") % {
            "number": version.number,
            "at": both_times(later.signature.signed_at),
            "who": later.signature.signer_name,
        }
    if version.signature.meaning != Meaning.AMENDED:
        return ""
    earlier = versions[version.number - 2]
    return _("Amended report. It replaces the one signed by %(who)s on %(at)s.") % {
        "who": earlier.signature.signer_name,
        "at": both_times(earlier.signature.signed_at),
    }
