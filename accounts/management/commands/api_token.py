"""`manage.py api_token USERNAME`: print a new API token of a user, in place of the one printed before."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import command_token
from accounts.tokens import LONGEST, Scope


class Command(BaseCommand):
    help = "Print a new API token of a user, in place of the one printed before. Treat it as a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--scope", action="append", choices=Scope.values, help="repeatable; without it all")
        parser.add_argument("--days", type=int, default=LONGEST.days, help="how long it is good, 365 at most")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no user of that name.")
        try:
            self.stdout.write(command_token(user=user, scopes=options["scope"] or Scope.values, days=options["days"]))
        except PermissionError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
