"""`manage.py new_storage_key`: a fresh key for STORAGE_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from screening.storage_keys import new_key


class Command(BaseCommand):
    help = "Print a new key for STORAGE_KEY. It is kept nowhere: without it, what is encrypted with it is lost."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(new_key())
