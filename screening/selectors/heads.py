"""What a list says of a result, without the result."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from screening.models import ScoreRun

# What a row says of a result. The category stays text: SQLite would give "2" back as a number.
HEAD = {
    "category": KeyTextTransform,
    **dict.fromkeys(("band", "score", "above_threshold", "limitations"), KeyTransform),
}


def with_heads(runs: QuerySet[ScoreRun]) -> QuerySet[ScoreRun]:
    """The runs without their results, of which only the `HEAD` comes along: heat maps and contours weigh a
    hundred times as much, and a list shows none. For `head_of`."""
    return runs.defer("result").annotate(**{f"head_{key}": kind(key, "result") for key, kind in HEAD.items()})


def head_of(run: ScoreRun) -> dict[str, Any]:
    """The head of a run that `with_heads` found, keys as in the result, None for what it lacks."""
    head = {key: getattr(run, f"head_{key}") for key in HEAD}
    # SQLite gives JSON's null as the text "null" where it is asked for text.
    return head | {"category": None if head["category"] == "null" else head["category"]}
