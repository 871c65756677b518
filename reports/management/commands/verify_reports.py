"""`manage.py verify_reports`: does every signed byte still stand as it was signed?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Site
from reports.coded import stored_answers
from reports.models import TEXTS, Addendum, FollowUp, Meaning, Signature
from reports.services.addenda import addendum_body
from reports.services.follow_up import signed_recommendation
from reports.services.heads import noted_head
from reports.services.signing import signed_sections
from reports.verify.verify_reports import (
    Fault,
    Head,
    Link,
    Verdict,
    canonical_text,
    exported_line,
    first_difference,
    judge,
    lines_of,
)

RELATED = ("revision__report", "signer", "addendum__adds_to")


class Command(BaseCommand):
    """Exit 0 when every chain holds, 1 otherwise. --export writes what `reports/verify/verify_reports.py` reads alone."""

    help = "Verify the chains of signed reports and addenda, and that each text is still the one that was signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", metavar="SLUG", help="only this site; default all")
        parser.add_argument(
            "--head", metavar="NUMBER:DIGEST", help="the site's latest head; default the last in the file of heads"
        )
        parser.add_argument("--json", action="store_true", help="one JSON line per site")
        parser.add_argument("--export", metavar="FILE", type=Path, help="write the site's signatures as JSON lines")

    def handle(self, *_args: Any, **options: Any) -> None:
        sites = list(Site.objects.order_by("slug"))
        if options["site"]:
            sites = [site for site in sites if site.slug == options["site"]]
            if not sites:
                raise CommandError("There is no such site.")
        if len(sites) != 1 and (options["head"] or options["export"]):
            raise CommandError("A head and an export belong to one site: name it with --site.")
        try:
            given = Head.parse(options["head"]) if options["head"] else None
        except ValueError as error:
            raise CommandError(str(error)) from error
        faulty = 0
        for site in sites:
            signatures = list(Signature.objects.filter(site=site).select_related(*RELATED))
            links = [_link(signature) for signature in signatures]
            verdict = judge(links, given or noted_head(site.slug))
            verdict.site = site.slug
            due = {row.signature_id: row for row in FollowUp.objects.filter(site=site).select_related("recommendation")}
            verdict.faults += [
                fault for signature in signatures for fault in _text_faults(signature, due.get(signature.pk))
            ]
            faulty += len(verdict.faults)
            self._tell(verdict, links, as_json=options["json"])
            if options["export"]:
                lines = "".join(exported_line(site.slug, link) for link in links)
                options["export"].write_bytes(lines.encode("utf-8"))
        if faulty:
            raise SystemExit(1)

    def _tell(self, verdict: Verdict, links: list[Link], *, as_json: bool) -> None:
        if not as_json:
            self.stdout.write("\n".join(lines_of(verdict)))
            return
        line = {
            "site": verdict.site,
            "signatures": verdict.signatures,
            "last_sha256": links[-1].chain_sha256 if links else "",
            "faults": [
                {"sequence": fault.sequence, "reason": fault.reason, "byte": fault.byte} for fault in verdict.faults
            ],
            "erased": verdict.erased,
            "notes": verdict.notes,
        }
        self.stdout.write(json.dumps(line))


def _link(signature: Signature) -> Link:
    return Link(
        signature.sequence,
        signature.canonical or None,
        signature.content_sha256,
        signature.previous_sha256,
        signature.chain_sha256,
    )


def _text_faults(signature: Signature, due: FollowUp | None) -> list[Fault]:
    """Where the stored revision, or what is stored beside the signed bytes, says something else than they do."""
    if not signature.canonical and signature.meaning in TEXTS and signature.revision.sections:
        return [Fault(signature.sequence, "It was erased, and its text is still in the database.")]
    try:
        signed = json.loads(signature.canonical)
    except (ValueError, RecursionError):
        return []  # told by the chain
    if not isinstance(signed, dict):
        return []
    now = {
        **signed,
        **_stored_body(signature, due),
        **_stored_answers(signature, signed),
        "revision": signature.revision.number,
        "report": signature.report_id,
        "meaning": signature.meaning,
        "signed_at": signature.signed_at.isoformat(),
    }
    faults = []
    byte = first_difference(signature.canonical, canonical_text(now))
    if byte is not None:
        faults.append(Fault(signature.sequence, "The stored report is not the text that was signed.", byte))
    signer = signed.get("signer")
    name = signer.get("name") if isinstance(signer, dict) else None
    if name is not None and str(name)[:150] != signature.signer_name:
        faults.append(Fault(signature.sequence, "The name shown is not the one that was signed."))
    return faults


def _stored_answers(signature: Signature, signed: dict[str, Any]) -> dict[str, Any]:
    """The coded answers as the database has them now, where some were signed."""
    if signature.meaning not in TEXTS or not signed.get("answers"):
        return {}
    return {"answers": stored_answers(signed["answers"], signature.revision.answers)}


def _stored_body(signature: Signature, due: FollowUp | None) -> dict[str, Any]:
    """The text as the database has it now: of the revision, or of the addendum (none when its row is gone); nothing
    for a signature that only names others."""
    if signature.meaning in TEXTS:
        return {
            "sections": signed_sections(signature.revision),
            **signed_recommendation(due.recommendation if due else None),
        }
    if signature.meaning != Meaning.ADDENDUM:
        return {}
    try:
        added: Addendum = signature.addendum
    except Addendum.DoesNotExist:
        return {"text": None}
    return addendum_body(number=added.number, reason=added.reason, text=added.text, adds_to=added.adds_to)
