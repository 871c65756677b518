"""When a study is due, and the sentence that says why.

The list orders by due time alone, so waiting ages by itself and nothing starves.
The sentence is kept in plain English; `selectors.phrases.due_rule_words` says it in the reader's language.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from screening.models import OrderPriority, Study, Tier
from screening.programmes import due_window
from screening.selectors.programmes import window_of

URGENCY = (OrderPriority.ROUTINE, OrderPriority.URGENT, OrderPriority.STAT)
ORDER_WINDOWS = {
    OrderPriority.STAT: timedelta(minutes=30),
    OrderPriority.URGENT: timedelta(hours=4),
}


def words(window: timedelta) -> str:
    """A window in words: "10 min", "90 min", "4 h", "72 h"."""
    minutes = round(window.total_seconds() / 60)
    if minutes % 60 or not minutes:
        return f"{minutes} min"
    return f"{minutes // 60} h"


def first_due(
    *, received_at: datetime, order_priority: str, programme: str = "", site_id: int | None = None
) -> tuple[datetime, str]:
    """Due time without AI: receipt plus the window of the order's priority or the programme's default.

    site_id: whose settings of that moment count; without it, the table of programmes alone. Returns (due_at, rule
    in words). The order's window holds when it is the shorter one.
    """
    window = due_window(programme, Tier.ROUTINE)
    if site_id is not None:
        window = window_of(site_id, programme, Tier.ROUTINE, received_at)
    rule = "routine window of the programme" if programme else "default window"
    ordered = ORDER_WINDOWS.get(OrderPriority(order_priority))
    if ordered is not None and ordered < window:
        window = ordered
        rule = "window of the order's priority"
    return received_at + window, f"{rule} ({words(window)})"


def brought_forward(study: Study, order_priority: str) -> dict[str, Any]:
    """What changes of a study whose order is more urgent than was known; nothing for one that is not.

    The due time comes forward, with the rule that says why, and is never pushed back.
    """
    if URGENCY.index(OrderPriority(order_priority)) <= URGENCY.index(OrderPriority(study.order_priority)):
        return {}
    due_at, rule = first_due(
        received_at=study.received_at,
        order_priority=order_priority,
        programme=study.programme,
        site_id=study.site_id,
    )
    base = min(due_at, study.base_due_at)
    changes = {"order_priority": order_priority, "base_due_at": base}
    return {**changes, "due_at": base, "due_rule": rule[:300]} if base < study.due_at else changes


def due_after_score(*, study: Study, tier: str, tier_rule: str, may_triage: bool) -> tuple[datetime, str]:
    """Due time once a model has spoken: brought forward by the tier's window, never pushed back.

    A bundle without the triage right, every result but "scored", and a lower tier than an earlier
    result of fewer images gave, leave the due time alone.
    """
    window = window_of(study.site_id, study.programme, tier, study.received_at)
    due = study.received_at + window
    if not may_triage or due >= study.due_at:
        return study.due_at, study.due_rule
    # Some rules' sentences begin with the tier's name already.
    why = tier_rule.removeprefix(f"{tier.capitalize()}: ").rstrip(".")[:200]
    # The window ends the sentence and is never cut off.
    return due, f"{tier.capitalize()}: {why} (window {words(window)})"
