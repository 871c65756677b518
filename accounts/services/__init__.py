from accounts.services.authentication import note_authentication, password_is_right, recently_authenticated
from accounts.services.sites import SiteConflict, change_site, create_site
from accounts.services.tokens import command_token
from accounts.services.users import (
    LastAdministrator,
    change_user,
    create_user,
    ensure_demo_user,
    ensure_site,
    set_active,
)

__all__ = [
    "LastAdministrator",
    "SiteConflict",
    "change_site",
    "change_user",
    "command_token",
    "create_site",
    "create_user",
    "ensure_demo_user",
    "ensure_site",
    "note_authentication",
    "password_is_right",
    "recently_authenticated",
    "set_active",
]
