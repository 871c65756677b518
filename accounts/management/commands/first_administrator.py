"""`manage.py first_administrator SLUG NAME USERNAME EMAIL`: begin an installation; prints a link to choose a password."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from accounts.services.first import first_administrator


class Command(BaseCommand):
    help = "Make a site and its first administrator; prints the link by which they choose their password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the site's short name, in addresses and commands")
        parser.add_argument("name", help="the site's name")
        parser.add_argument("username")
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {key: options[key] for key in ("slug", "name", "username", "email")}
        try:
            _user, token = first_administrator(**given)
        except PermissionError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{settings.PUBLIC_URL}{reverse('invitation', args=[token])}")
