"""`manage.py api_token USERNAME`: print a user's API token, made where there is none."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import token_of


class Command(BaseCommand):
    help = "Print the API token of a user. It acts as that user until they are deactivated: treat it as a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no user of that name.")
        try:
            self.stdout.write(token_of(user=user))
        except PermissionError as error:
            raise CommandError(str(error)) from error
