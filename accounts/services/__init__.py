from accounts.services.authentication import note_authentication, password_is_right, recently_authenticated
from accounts.services.users import (
    LastAdministrator,
    change_user,
    create_user,
    ensure_demo_user,
    ensure_site,
    set_active,
    token_of,
)

__all__ = [
    "LastAdministrator",
    "change_user",
    "create_user",
    "ensure_demo_user",
    "ensure_site",
    "note_authentication",
    "password_is_right",
    "recently_authenticated",
    "set_active",
    "token_of",
]
