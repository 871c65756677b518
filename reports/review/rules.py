"""The rules of the review as data: what each looks for and how much it weighs unless a site says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# Of the rules and of how they read; a signature keeps which it was held against.
VERSION = "1"


class Severity(StrEnum):
    """blocking: no signature while it stands. warning: shown beside the signature. off: not looked for."""

    BLOCKING = "blocking"
    WARNING = "warning"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Rule:
    """overridable: may a reader sign over it with a reason, where it blocks? fixed: a site may not lower it."""

    id: str
    severity: Severity
    overridable: bool = True
    fixed: bool = False


_B, _W, _O = Severity.BLOCKING, Severity.WARNING, Severity.OFF

_ALL = (
    # What no signature can stand over.
    Rule("section-missing", _B, overridable=False, fixed=True),
    Rule("ai-rejected", _B, overridable=False, fixed=True),
    # A sentence of the machine that nothing supports: signed only by an explicit act.
    Rule("ai-unsupported", _B, fixed=True),
    # A drafted sentence on a finding that nobody has accepted or rejected yet.
    Rule("ai-undecided", _W),
    # A sentence that says another side than the finding it rests on.
    Rule("side-evidence", _B),
    Rule("side", _W),
    Rule("level", _W),
    Rule("type", _W),
    Rule("denied", _W),
    Rule("measurement", _W),
    Rule("change", _W),
    Rule("category", _W),
    Rule("recommendation-missing", _W),
    Rule("recommendation", _W),
    Rule("prior-none", _W),
    Rule("prior-present", _W),
    Rule("prior-date", _W),
    Rule("prior-unmentioned", _O),
    Rule("sex", _W),
    Rule("finding-unreported", _W),
    Rule("rejected-reported", _W),
    Rule("impossible", _W),
    Rule("blank", _W),
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _ALL})


def severity_of(rule: str, chosen: Mapping[str, str]) -> Severity:
    """A rule's weight at a site: `chosen` is the site's own table, rule id → severity; what it lacks is as here."""
    known = RULES[rule]
    given = chosen.get(rule)
    if known.fixed or given not in set(Severity):
        return known.severity
    return Severity(given)
