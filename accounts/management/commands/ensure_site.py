"""`manage.py ensure_site SLUG NAME`: make a site where there is none of that slug."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import ensure_site


class Command(BaseCommand):
    help = "Make a site, where there is none of that slug yet."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_site(slug=options["slug"], name=options["name"])
