"""`manage.py ingest PATH…`: files, folders and zip archives into a site, with one line for each file."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Site
from screening.dicom.errors import IngestError
from screening.services.ingest import IngestResult, ingest_instance, reject
from screening.services.ingest_archive import ingest_archive, is_archive

SOURCE = "command"


class Command(BaseCommand):
    help = "Take DICOM files, folders and zip archives into a site. Exit 0 when nothing was rejected, else 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder (searched to the bottom) or zip")
        parser.add_argument("--site", default="default", metavar="SLUG", help="the site they belong to (default)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line for each file")

    def handle(self, *_args: Any, **options: Any) -> None:
        site = Site.objects.filter(slug=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site {options['site']}.")
        counts: Counter[str] = Counter()
        for path, result in self._ingest(options["paths"], site):
            counts[result.result] += 1
            if options["json"]:
                self.stdout.write(json.dumps(result.as_json(path), ensure_ascii=False))
            elif result.result == "rejected":
                self.stdout.write(f"{path}: {result.reason}")
        if not options["json"]:
            self.stdout.write(", ".join(f"{counts[name]} {name}" for name in ("stored", "duplicate", "rejected")))
        if counts["rejected"]:
            sys.exit(1)

    def _ingest(self, paths: list[str], site: Site) -> Iterator[tuple[str, IngestResult]]:
        for given in paths:
            for path in _files(Path(given)):
                yield from self._one(path, site)

    def _one(self, path: Path, site: Site) -> Iterator[tuple[str, IngestResult]]:
        shown = _shown(path)
        try:
            if not path.is_file():
                raise OSError("not a regular file")
            with path.open("rb") as stream:
                if is_archive(stream.read(4)):
                    stream.seek(0)
                    for name, result in ingest_archive(archive=stream, source=SOURCE, site=site, actor=None):
                        yield f"{shown}/{name}" if name else shown, result
                    return
                stream.seek(0)
                data = stream.read(settings.UPLOAD_MAX_BYTES + 1)
        except OSError:
            error = IngestError("unreadable_file", "The file cannot be opened.")
            yield shown, reject(error=error, source=SOURCE, site=site, actor=None)
            return
        yield shown, ingest_instance(data=data, source=SOURCE, site=site, actor=None)


def _files(path: Path) -> Iterator[Path]:
    """A file by itself, or every file below a folder, in the order of their names; links to folders are not followed."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            yield Path(folder) / name


def _shown(path: Path) -> str:
    """A path as text that can be written, whatever bytes its name is made of."""
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
