"""`manage.py link_identity USERNAME SUBJECT`: let somebody sign in by the OpenID provider as an account that is there."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.oidc import provider
from accounts.services.oidc import link


class Command(BaseCommand):
    help = "Link an account with a person of the OpenID provider, who then signs in as it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("subject", help="the person's `sub` at the provider")

    def handle(self, *args: Any, **options: Any) -> None:
        found = provider()
        if found is None:
            raise CommandError("No OpenID provider is set up (OIDC_ISSUER).")
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no user of that name.")
        try:
            link(user=user, issuer=found.issuer, subject=options["subject"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write("Linked.")
