"""Every string of what may follow a signature, for the reading room's scripts; `{name}` places are filled by them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SIGNING_STRINGS: dict[str, str | Promise] = {
    "readonly_amended": _("This report was amended. The text above counts; what was signed before stands below it."),
    "readonly_erased": _("The content of this report was erased on request. What is left is who signed it, and when."),
    "amending": _("You are changing a signed report. Nothing is kept until you sign: the old text stays below."),
    "signed_line": _("{signer} · {meaning} · {time}"),
    "cosigned_line": _("Co-signed by {signer} · {time}"),
    "amended_reason": _("Reason of the amendment: {reason}"),
    "what_it_changed": _("What it changed"),
    "version_replaced": _("Version {n}, replaced: {signer} · {time}"),
    "went": _("taken out:"),
    "came": _("put in:"),
}
