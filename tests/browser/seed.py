"""Sites and people of the browser tests, made by the services: `python -m tests.browser.seed`."""

from __future__ import annotations

import django

django.setup()

from accounts.roles import Role  # noqa: E402
from accounts.services import ensure_demo_user, ensure_site  # noqa: E402
from screening.services.rights import grant_for_show  # noqa: E402
from tests.browser.people import PASSWORD  # noqa: E402

PEOPLE = (
    ("reader", Role.READER, "Mara", "Osei"),
    ("second", Role.READER, "Lena", "Brandt"),
    ("technologist", Role.TECHNOLOGIST, "Ines", "Moreau"),
    ("administrator", Role.ADMINISTRATOR, "Ada", "Nwosu"),
    ("auditor", Role.AUDITOR, "Piotr", "Zielinski"),
)


def main() -> None:
    north = ensure_site(slug="north", name="North Clinic")
    grant_for_show(sites=[north])
    for username, role, first_name, last_name in PEOPLE:
        ensure_demo_user(
            username=username,
            first_name=first_name,
            last_name=last_name,
            password=PASSWORD,
            memberships={north: role},
        )


if __name__ == "__main__":
    main()
