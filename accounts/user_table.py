"""The list of users as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Iterable

from accounts.audit_formats import FORMULA
from accounts.models import User

COLUMNS = ("username", "last_name", "first_name", "email", "roles", "state", "last_signed_in")


def user_table(users: Iterable[User], sites: Collection[int]) -> tuple[str, int]:
    """The table and how many people it holds. sites: whose roles may be told."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for user in users:
        held = sorted((each for each in user.memberships.all() if each.site_id in sites), key=lambda each: each.site_id)
        cells = (
            user.username,
            user.last_name,
            user.first_name,
            user.email,
            "; ".join(f"{each.site.slug}: {each.role}" for each in held),
            "active" if user.is_active else "inactive",
            user.last_login.isoformat(timespec="seconds") if user.last_login else "",
        )
        writer.writerow([plain(cell) for cell in cells])
        count += 1
    return out.getvalue(), count


def plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, also not behind spaces or in full-width signs."""
    begins = unicodedata.normalize("NFKC", cell).lstrip()
    return f"'{cell}" if begins.startswith(FORMULA) or cell.startswith(("\t", "\r", "\n")) else cell
