"""THE table of permissions: every URL with what it answers to whom (tests/test_permissions.py asks it)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.permissions_privacy import privacy_rows

ROLES = ("reader", "trainee", "technologist", "administrator", "auditor")
CAST = ("anonymous", *ROLES, "stranger", "inactive")
OK = 200


@dataclass(frozen=True)
class Row:
    """allowed: role → status; every other role gets 403. hidden: roles to whom the object does not exist (404).

    A stranger gets 404 where there is an object, else `open_to_stranger`, else 403.
    """

    method: str = "get"
    allowed: dict[str, int] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    arguments: str = ""
    api: bool = False
    public: bool = False
    open_to_stranger: int | None = None


def of(roles: str, status: int = OK) -> dict[str, int]:
    return dict.fromkeys(roles.split(), status)


WORKLIST = of("reader trainee technologist administrator")
READS = of("reader trainee")
SEES = of("reader trainee technologist")
OUT_OF_SIGHT = ("auditor",)

TABLE: dict[str, Row] = {
    "home": Row(
        public=True, allowed=of("anonymous reader trainee technologist administrator auditor stranger inactive", 302)
    ),
    "health-live": Row(public=True, allowed=of(" ".join(CAST))),
    "health-ready": Row(public=True, allowed=of(" ".join(CAST))),
    "set-language": Row(method="post", public=True, allowed=of(" ".join(CAST), 302)),
    "account_login": Row(public=True, allowed=of("anonymous inactive") | of(" ".join((*ROLES, "stranger")), 302)),
    "account_logout": Row(method="post", public=True, allowed=of(" ".join(CAST), 302)),
    "account_change_password": Row(allowed=of(" ".join(ROLES)), open_to_stranger=OK),
    "account_reauthenticate": Row(allowed=of(" ".join(ROLES)), open_to_stranger=OK),
    # Passkeys and codes are one's own. Who has none yet finds none; somebody else's do not exist.
    **{
        f"mfa_{name}": Row(allowed=of(" ".join(ROLES)), open_to_stranger=OK)
        for name in ("index", "activate_totp", "generate_recovery_codes", "add_webauthn")
    },
    "mfa_list_webauthn": Row(allowed=of(" ".join(ROLES), 302), open_to_stranger=302),
    **{
        f"mfa_{name}": Row(allowed={}, hidden=ROLES, open_to_stranger=404)
        for name in ("deactivate_totp", "view_recovery_codes")
    },
    **{
        f"mfa_{name}": Row(arguments="passkey", allowed={}, hidden=ROLES)
        for name in ("edit_webauthn", "remove_webauthn")
    },
    **{
        # Nothing to give once more: on to the way that there is, the password.
        f"mfa_{name}": Row(allowed=of(" ".join(ROLES), 302), open_to_stranger=302)
        for name in ("reauthenticate", "reauthenticate_webauthn")
    },
    # Steps of signing in: there is none to take.
    "mfa_authenticate": Row(public=True, allowed=of(" ".join(CAST), 302)),
    "mfa_login_webauthn": Row(public=True, allowed=of(" ".join(CAST), 302)),
    "account_signup": Row(public=True, allowed=of(" ".join(CAST))),
    "account_reset_password": Row(public=True, allowed=of(" ".join(CAST))),
    "account_inactive": Row(public=True, allowed=of(" ".join(CAST))),
    "users": Row(allowed=of("administrator")),
    "user-new": Row(allowed=of("administrator")),
    "user-change": Row(arguments="user", allowed=of("administrator")),
    "user-active": Row(method="post", arguments="user", allowed=of("administrator", 302)),
    "user-export": Row(allowed=of("administrator")),
    "user-invite": Row(method="post", arguments="user", allowed=of("administrator")),
    "user-withdraw": Row(method="post", arguments="user", allowed=of("administrator", 302)),
    "user-factors-reset": Row(method="post", arguments="user", allowed=of("administrator", 302)),
    "user-sign-out": Row(method="post", arguments="user", allowed=of("administrator", 302)),
    # A link is for whoever holds it; without one there is nothing.
    "invitation": Row(public=True, arguments="invitation", allowed=of(" ".join(CAST), 302)),
    "invitation-accept": Row(public=True, allowed=of(" ".join(CAST), 404)),
    **{
        name: Row(allowed=of(" ".join(ROLES)), open_to_stranger=OK)
        for name in ("preferences", "preferences-keys", "preferences-keys-export", "phrases")
    },
    **{
        name: Row(method="post", allowed=of(" ".join(ROLES), 302), open_to_stranger=302)
        for name in ("preferences-keys-reset", "preferences-keys-import", "phrase-remove")
    },
    # Without a provider there is no single sign-on, for anybody.
    **{f"oidc-{name}": Row(public=True, allowed=of(" ".join(CAST), 404)) for name in ("start", "callback")},
    "oidc-again": Row(allowed={}, hidden=ROLES, open_to_stranger=404),
    "tokens": Row(allowed=of(" ".join(ROLES)), open_to_stranger=OK),
    # A token is one's own, whatever one's role.
    "token-revoke": Row(
        method="post",
        arguments="token",
        allowed=of("reader", 302),
        hidden=("trainee", "technologist", "administrator", "auditor"),
    ),
    "people-tokens": Row(allowed=of("administrator")),
    "people-token-revoke": Row(
        method="post", arguments="token", allowed=of("administrator", 302), open_to_stranger=403
    ),
    "sites": Row(allowed=of("administrator")),
    "site-new": Row(allowed=of("administrator")),
    # The right is asked for before the site is looked for.
    "site-change": Row(arguments="site", allowed=of("administrator"), open_to_stranger=403),
    "programmes": Row(allowed=of("administrator")),
    "programme-set": Row(method="post", allowed=of("administrator", 400)),
    "queues": Row(allowed=of("administrator")),
    "storage": Row(allowed=of("administrator")),
    "storage-look": Row(method="post", allowed=of("administrator", 302)),
    "retention": Row(allowed=of("administrator")),
    "retention-set": Row(method="post", allowed=of("administrator", 400)),
    "run-retry": Row(method="post", arguments="study number", allowed=of("administrator", 302), open_to_stranger=403),
    "audit": Row(allowed=of("auditor")),
    "audit-export": Row(arguments="form", allowed=of("auditor"), open_to_stranger=403),
    "worklist": Row(allowed=WORKLIST, open_to_stranger=OK),
    "worklist-rows": Row(allowed=WORKLIST, open_to_stranger=OK),
    "worklist-search": Row(method="post", allowed=WORKLIST, open_to_stranger=OK),
    "worklist-next": Row(method="post", allowed=of("reader trainee", 302), open_to_stranger=302),
    "upcoming-images": Row(allowed=of("reader trainee"), open_to_stranger=OK),
    "study-claim": Row(method="post", arguments="study", allowed=of("reader trainee", 302)),
    "study-release": Row(method="post", arguments="study", allowed=of("reader trainee", 409)),
    "session-start": Row(method="post", allowed=of("reader trainee", 302), open_to_stranger=302),
    "session-end": Row(method="post", allowed=of("reader trainee", 302), open_to_stranger=302),
    "filter-save": Row(
        method="post", allowed=of("reader trainee technologist administrator", 400), open_to_stranger=400
    ),
    "filter-remove": Row(
        method="post", allowed=of("reader trainee technologist administrator", 404), open_to_stranger=404
    ),
    "study-acts": Row(arguments="study", allowed=WORKLIST),
    "study-standing": Row(arguments="study", allowed=WORKLIST),
    "study-defer": Row(method="post", arguments="study", allowed=of("reader trainee", 400)),
    "study-bring-back": Row(method="post", arguments="study", allowed=of("reader trainee", 409)),
    "study-hand-over": Row(method="post", arguments="study", allowed=of("reader trainee", 400)),
    "study-take-back": Row(method="post", arguments="study", allowed=of("reader trainee", 409)),
    "study-note": Row(method="post", arguments="study", allowed=of("reader trainee technologist", 400)),
    "upload": Row(allowed=of("technologist administrator")),
    "orders": Row(allowed=of("technologist administrator")),
    "mismatch-settle": Row(
        method="post", arguments="mismatch", allowed=of("technologist administrator", 302), open_to_stranger=403
    ),
    "upload-arrived": Row(allowed=of("technologist")),
    "upload-receive": Row(method="post", allowed=of("technologist", 400)),
    **{
        name: Row(allowed=of("administrator"))
        for name in ("status", "models", "model-install", "reading-rules", "erasures")
    },
    **{f"erasures-{act}": Row(method="post", allowed=of("administrator", 404)) for act in ("erase", "hold")},
    # Without its token nobody is answered, whoever they are.
    "metrics": Row(api=True, allowed={}),
    "models-rescore": Row(method="post", allowed=of("administrator", 302)),
    # A model belongs to no site, so nobody's answer tells of one.
    "model": Row(arguments="model", allowed=of("administrator"), open_to_stranger=403),
    "model-file": Row(arguments="model file", allowed=of("administrator"), open_to_stranger=403),
    **{
        f"model-{act}": Row(method="post", arguments="model", allowed=of("administrator", 400), open_to_stranger=403)
        for act in ("activate", "rollback", "right")
    },
    "reading-room": Row(arguments="study", allowed=of("reader trainee technologist"), hidden=OUT_OF_SIGHT),
    "reading-room-news": Row(arguments="study", allowed=SEES, hidden=OUT_OF_SIGHT),
    "reading-room-state": Row(arguments="study", allowed=of("reader trainee technologist"), hidden=OUT_OF_SIGHT),
    "measurements": Row(arguments="study", allowed=READS, hidden=OUT_OF_SIGHT),
    "measurement-save": Row(method="post", arguments="study", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    "finding-decide": Row(method="post", arguments="study", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    "first-opinion": Row(method="post", arguments="study", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    "study-prior": Row(arguments="prior", allowed=SEES, hidden=OUT_OF_SIGHT),
    "study-prior-match": Row(method="post", arguments="prior", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    # A layout is one's own and belongs to no site.
    "layout-save": Row(
        method="post", arguments="kind", allowed=of("reader trainee technologist", 400), open_to_stranger=400
    ),
    "layouts": Row(allowed=SEES, open_to_stranger=OK),
    "layout-new": Row(method="post", allowed=of("reader trainee technologist", 400), open_to_stranger=400),
    "layout-act": Row(
        method="post",
        arguments="layout",
        allowed=of("reader"),
        hidden=("trainee", "technologist", "administrator", "auditor"),
    ),
    "layout-reset": Row(method="post", arguments="kind", allowed=SEES, open_to_stranger=OK),
    "study-tasks": Row(arguments="study", allowed=READS, hidden=OUT_OF_SIGHT),
    "communication-open": Row(method="post", arguments="study", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    "communication-dismiss": Row(
        method="post", arguments="study", allowed=of("reader trainee", 409), hidden=OUT_OF_SIGHT
    ),
    "communication-step": Row(
        method="post", arguments="communication", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT
    ),
    "recommend": Row(method="post", arguments="study", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    "opinion-give": Row(method="post", arguments="study", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT),
    "follow-up-close": Row(
        method="post", arguments="follow-up", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT
    ),
    "tasks": Row(allowed=READS, open_to_stranger=OK),
    "review-rules": Row(allowed=of("administrator")),
    "review-rules-set": Row(method="post", allowed=of("administrator", 400)),
    "house-style": Row(allowed=of("administrator")),
    "house-style-set": Row(method="post", allowed=of("administrator", 400)),
    **{f"reading-rule-{act}": Row(method="post", allowed=of("administrator", 400)) for act in ("try", "set")},
    "time-limits": Row(method="post", allowed=of("administrator", 400)),
    "targets": Row(allowed=of("administrator")),
    "target-new": Row(allowed=of("administrator")),
    "target": Row(arguments="target", allowed=of("administrator")),
    "target-switch": Row(method="post", arguments="target", allowed=of("administrator", 302)),
    "target-try": Row(method="post", arguments="target", allowed=of("administrator", 302)),
    "outbox": Row(allowed=of("administrator")),
    "delivery-again": Row(method="post", arguments="delivery", allowed=of("administrator", 409)),
    "delivery-give-up": Row(method="post", arguments="delivery", allowed=of("administrator", 400)),
    **{
        f"report-{act}": Row(method="post", arguments="report", allowed=of(roles, 400), hidden=OUT_OF_SIGHT)
        for roles, acts in (
            ("reader trainee", ("save", "answers", "review", "sign")),
            ("reader", ("addendum", "amend", "cosign", "late-images-seen")),
        )
        for act in acts
    },
    "report-revisions": Row(arguments="report", allowed=READS, hidden=OUT_OF_SIGHT),
    # A page without a study: the room that opened it puts its images there.
    "images-window": Row(allowed=of(" ".join(ROLES)), open_to_stranger=OK),
    "report-print": Row(arguments="report", allowed=of("reader trainee", 409), hidden=OUT_OF_SIGHT),
    "report-pdf": Row(arguments="report", allowed=of("reader trainee", 409), hidden=OUT_OF_SIGHT),
    "report-export": Row(arguments="report form", allowed=of("reader trainee", 409), hidden=OUT_OF_SIGHT),
    **privacy_rows(Row, of),
    "schema": Row(api=True, allowed=of(" ".join(ROLES)), open_to_stranger=OK),
    **{f"api-{name}": Row(api=True, allowed=WORKLIST, open_to_stranger=OK) for name in ("studies", "worklist")},
    "api-study": Row(api=True, arguments="study", allowed=WORKLIST),
    "api-findings": Row(api=True, arguments="study", allowed=READS, hidden=OUT_OF_SIGHT),
    "api-instances": Row(api=True, method="post", allowed=of("technologist", 422)),
    "api-instance-file": Row(
        api=True, arguments="instance", allowed=of("reader trainee technologist"), hidden=OUT_OF_SIGHT
    ),
    "api-report": Row(api=True, arguments="report", allowed=READS, hidden=OUT_OF_SIGHT),
    "api-report-sign": Row(
        api=True, method="post", arguments="report", allowed=of("reader trainee", 400), hidden=OUT_OF_SIGHT
    ),
    **{
        f"dicomweb-{name}": Row(api=True, allowed=SEES, open_to_stranger=204)
        for name in ("studies", "all-series", "all-instances")
    },
    "dicomweb-store": Row(api=True, method="post", allowed=of("technologist", 415)),
    # Who may upload nowhere learns nothing of the study, be it there or not.
    "dicomweb-study-store": Row(
        api=True, method="post", arguments="study", allowed=of("technologist", 415), open_to_stranger=403
    ),
    **{
        f"dicomweb-{name}": Row(api=True, arguments=arguments, allowed=SEES, hidden=OUT_OF_SIGHT)
        for name, arguments in {
            "study": "study",
            "study-metadata": "study",
            "study-series": "study",
            "study-instances": "study",
            "series": "series",
            "series-metadata": "series",
            "series-instances": "series",
            "instance": "object",
            "instance-metadata": "object",
            "frames": "frames",
        }.items()
    },
    **{
        f"dicomweb-{name}-{what}": Row(api=True, arguments=arguments, allowed=SEES, hidden=OUT_OF_SIGHT)
        for name, arguments in {"study": "study", "series": "series", "instance": "object", "frames": "frames"}.items()
        for what in ("rendered", "thumbnail")
    },
}
