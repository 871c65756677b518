"""What a person narrows the worklist to: taken from an address or a form, checked, and written back into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from screening.models import Tier
from screening.programmes import PROGRAMMES

PAGE = 50
MOST = 1000
STATE_FILTERS = {
    "to_read": _("To read"),
    "free": _("Free"),
    "being_read": _("Being read"),
    "ai_missing": _("No AI result"),
    "reported": _("Reported"),
}
# The list from one person's side; "" is the whole queue.
VIEWS = {
    "": _("Waiting"),
    "mine": _("Mine"),
    "second": _("Second reader"),
    "deferred": _("Set aside"),
    "questions": _("Questions"),
    "signed": _("Signed today"),
    "session": _("Session"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty strings mean all."""

    programme: str = ""
    tier: str = ""
    state: str = ""
    site: str = ""
    view: str = ""
    text: str = ""
    shown: int = PAGE

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Filters:
        """From a query string or form; unknown values are ignored. "mine=1" is the view "mine"."""
        try:
            shown = min(MOST, max(PAGE, int(values.get("shown", PAGE))))
        except ValueError:
            shown = PAGE
        programme = values.get("programme", "")
        tier = values.get("tier", "")
        state = values.get("state", "")
        view = values.get("view", "") or ("mine" if values.get("mine") == "1" else "")
        return cls(
            programme=programme if programme in PROGRAMMES or programme == "none" else "",
            tier=tier if tier in Tier.values else "",
            state=state if state in STATE_FILTERS else "",
            site=values.get("site", "")[:50],
            view=view if view in VIEWS else "",
            text=values.get("text", "").replace("\0", "").strip()[:100],
            shown=shown,
        )

    @property
    def narrowed(self) -> bool:
        """Does anything but the view leave rows out?"""
        return bool(self.programme or self.tier or self.state or self.site or self.text)

    def kept(self) -> dict[str, str]:
        """What may be kept and put into an address: never a searched text."""
        names = ("view", "programme", "tier", "state", "site")
        return {name: value for name in names if (value := getattr(self, name))}

    def query(self) -> str:
        """ "?view=mine&tier=urgent", empty for the whole list."""
        kept = self.kept()
        return f"?{urlencode(kept)}" if kept else ""
