"""Every page of the product, who looks at it and on what. The list is held complete by test_table.py.

A new page costs one row: name of its URL → `Page`. An address that a person never sees as a page is an exception,
with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """role: who looks, "" for nobody. arguments: a key of the world's `arguments`. status: what it answers.

    url: the name in the URL table, where it is not the row's own; query: of the address. keys: pressed before looking.
    method "post" is for answers that only a form gets.
    """

    role: str = ""
    arguments: str = ""
    status: int = 200
    url: str = ""
    query: str = ""
    keys: tuple[str, ...] = ()
    method: str = "get"


PAGES: dict[str, Page] = {
    "account_login": Page(),
    "account_signup": Page(),
    "account_reset_password": Page(),
    "account_inactive": Page(),
    "account_change_password": Page("reader"),
    "account_reauthenticate": Page("reader"),
    "mfa_index": Page("trainee"),
    "mfa_activate_totp": Page("reader"),
    "mfa_deactivate_totp": Page("trainee"),
    "mfa_add_webauthn": Page("reader"),
    "mfa_edit_webauthn": Page("trainee", "passkey"),
    "mfa_remove_webauthn": Page("trainee", "passkey"),
    "mfa_generate_recovery_codes": Page("trainee"),
    "mfa_view_recovery_codes": Page("trainee"),
    "mfa_reauthenticate": Page("trainee"),
    "preferences": Page("reader"),
    "preferences-keys": Page("reader"),
    # No provider is set up for these; tests/oidc looks at the pages of one that is.
    "oidc-start": Page(status=404),
    "oidc-callback": Page(status=404),
    "oidc-again": Page("reader", status=404),
    "tokens": Page("reader"),
    "people-tokens": Page("administrator"),
    "worklist": Page("reader", keys=("ArrowDown",)),
    "reading-room": Page("reader", "open study"),
    "images-window": Page("reader"),
    "report-print": Page("reader", "signed report"),
    "report-revisions": Page("reader", "signed report"),
    "phrases": Page("reader"),
    "tasks": Page("reader"),
    "layouts": Page("reader", query="?kind=lung"),
    "reading-rules": Page("administrator"),
    "house-style": Page("administrator"),
    "review-rules": Page("administrator"),
    "erasures": Page("administrator"),
    "upload": Page("technologist"),
    "orders": Page("technologist"),
    "users": Page("administrator"),
    "user-new": Page("administrator"),
    "user-change": Page("administrator", "user"),
    "user-invite": Page("administrator", "user", method="post"),
    # Goes on to the form.
    "invitation": Page("", "invitation", status=302),
    "invitation-accept": Page(status=404),
    "models": Page("administrator"),
    "model-install": Page("administrator"),
    "model": Page("administrator", "model"),
    "targets": Page("administrator"),
    "target-new": Page("administrator", query="?kind=cstore"),
    "target": Page("administrator", "target"),
    "outbox": Page("administrator"),
    "sites": Page("administrator"),
    "site-new": Page("administrator"),
    "site-change": Page("administrator", "site"),
    "programmes": Page("administrator"),
    "queues": Page("administrator"),
    "storage": Page("administrator"),
    "retention": Page("administrator", query="?study_years=10&report_years=10"),
    "exports": Page("administrator"),
    "export": Page("administrator", "export"),
    "emergency": Page("reader"),
    "emergency of an auditor": Page("auditor", url="emergency"),
    "patients": Page("technologist"),
    "patient": Page("technologist", "patient"),
    "status": Page("administrator"),
    "audit": Page("auditor"),
    # The same addresses in another state
    "sign-in page of who has no second factor": Page("reader", url="mfa_index"),
    "worklist, all keys": Page("reader", url="worklist", keys=("?",)),
    "worklist, nothing there": Page("reader", url="worklist", query="?programme=breast"),
    "worklist, sheet of acts": Page("reader", url="worklist", keys=("ArrowDown", "d")),
    "worklist of a technologist": Page("technologist", url="worklist"),
    "reading-room, all keys": Page("reader", "open study", url="reading-room", keys=("?",)),
    "reading-room, rejecting a finding": Page("reader", "open study", url="reading-room", keys=("x",)),
    "reading-room, signed": Page("reader", "signed study", url="reading-room"),
    "reading-room, waiting": Page("reader", "waiting study", url="reading-room"),
    "reading-room of a technologist": Page("technologist", "open study", url="reading-room"),
    # Errors
    "forbidden": Page("reader", url="users", status=403),
    "not found": Page("reader", "no study", url="reading-room", status=404),
    "claimed by another": Page("trainee", "open study", url="study-claim", status=409, method="post"),
}

EXCEPTIONS: dict[str, str] = {
    "study-acts": "the sheet of what can be done with a study, looked at within the worklist",
    "study-tasks": "the panel of tasks, looked at within the reading room",
    "worklist-rows": "the rows of the worklist, looked at within it",
}


def url_of(name: str) -> str:
    return PAGES[name].url or name
