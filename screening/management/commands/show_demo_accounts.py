"""`manage.py show_demo_accounts`: who can sign in to the demo, and an API token for each role."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import User
from accounts.services import command_token
from screening.management.commands.seed_demo import PASSWORD, PEOPLE


class Command(BaseCommand):
    help = "Print the demo accounts and their API tokens."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"  {'account':<15}{'password':<17}{'role':<15}API token")
        for username, role, _first, _last in PEOPLE:
            user = User.objects.get(username=username)
            self.stdout.write(f"  {username:<15}{PASSWORD:<17}{role.value:<15}{command_token(user=user)}")
