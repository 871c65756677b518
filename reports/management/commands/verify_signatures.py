"""`manage.py verify_signatures`: does every signed byte still stand as it was signed?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Site
from reports.export.chain import Fault, Link, canonical_text, first_difference, verify
from reports.models import Addendum, Meaning, Signature
from reports.services.addenda import addendum_body
from reports.services.signing import signed_sections

RELATED = ("revision__report", "signer", "addendum__adds_to")


class Command(BaseCommand):
    """Exit 0 when every chain holds, 1 otherwise. --export writes what `reports/export/chain.py` reads alone."""

    help = "Verify the chains of signatures, and that each signed text is still the one in the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", metavar="SLUG", help="only this site; default all")
        parser.add_argument("--json", action="store_true", help="one JSON line per site")
        parser.add_argument("--export", metavar="FILE", type=Path, help="write every signature as a JSON line")

    def handle(self, *_args: Any, **options: Any) -> None:
        sites = Site.objects.order_by("slug")
        if options["site"]:
            sites = sites.filter(slug=options["site"])
            if not sites:
                raise CommandError("There is no such site.")
        faulty = 0
        exported: list[str] = []
        for site in sites:
            signatures = list(Signature.objects.filter(site=site).select_related(*RELATED))
            links = [_link(signature) for signature in signatures]
            faults = verify(links) + [fault for signature in signatures for fault in _text_faults(signature)]
            faulty += len(faults)
            self._tell(site, links, faults, as_json=options["json"])
            exported += [json.dumps({"site": site.slug, **_fields(link)}) for link in links]
        if options["export"]:
            options["export"].write_text("".join(f"{line}\n" for line in exported), "utf-8")
        if faulty:
            raise SystemExit(1)

    def _tell(self, site: Site, links: list[Link], faults: list[Fault], *, as_json: bool) -> None:
        if as_json:
            listed = [{"sequence": fault.sequence, "reason": fault.reason, "byte": fault.byte} for fault in faults]
            last = links[-1].chain_sha256 if links else ""
            line = {"site": site.slug, "signatures": len(links), "last_sha256": last, "faults": listed}
            self.stdout.write(json.dumps(line))
            return
        for fault in faults:
            where = f" (byte {fault.byte})" if fault.byte is not None else ""
            self.stdout.write(f"{site.slug} {fault.sequence}: {fault.reason}{where}")
        self.stdout.write(f"{site.slug}: {len(links)} signatures, {len(faults)} faults")


def _link(signature: Signature) -> Link:
    return Link(
        signature.sequence,
        signature.canonical,
        signature.content_sha256,
        signature.previous_sha256,
        signature.chain_sha256,
    )


def _fields(link: Link) -> dict[str, Any]:
    return {
        "sequence": link.sequence,
        "canonical": link.canonical,
        "content_sha256": link.content_sha256,
        "previous_sha256": link.previous_sha256,
        "chain_sha256": link.chain_sha256,
    }


def _text_faults(signature: Signature) -> list[Fault]:
    """Where the stored revision, or what is stored beside the signed bytes, says something else than they do."""
    try:
        signed = json.loads(signature.canonical)
    except (ValueError, RecursionError):
        return []  # told by the chain
    if not isinstance(signed, dict):
        return []
    now = {
        **signed,
        **_stored_body(signature),
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


def _stored_body(signature: Signature) -> dict[str, Any]:
    """The text as the database has it now: of the revision, or of the addendum (none when its row is gone)."""
    if signature.meaning != Meaning.ADDENDUM:
        return {"sections": signed_sections(signature.revision)}
    try:
        added: Addendum = signature.addendum
    except Addendum.DoesNotExist:
        return {"text": None}
    return addendum_body(number=added.number, reason=added.reason, text=added.text, adds_to=added.adds_to)
