"""The rules of the review as data: what each looks for and how much it weighs unless a site says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# Of the rules and of how they read; a signature keeps which it was held against.
VERSION = "2"


class Severity(StrEnum):
    """blocking: no signature while it stands. warning: shown beside the signature. off: not looked for."""

    BLOCKING = "blocking"
    WARNING = "warning"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Rule:
    """overridable: may a reader sign over it with a reason, where it blocks? fixed: a site may not lower it. critical:
    a site may have it warn or block, but not leave it out: what it looks for can harm a patient."""

    id: str
    severity: Severity
    overridable: bool = True
    fixed: bool = False
    critical: bool = False

    @property
    def allowed(self) -> tuple[Severity, ...]:
        """What a site may choose, most first."""
        if self.fixed:
            return (self.severity,)
        return (Severity.BLOCKING, Severity.WARNING, *(() if self.critical else (Severity.OFF,)))


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
    Rule("side-evidence", _B, critical=True),
    # What the report is asked for and does not answer. A warning unless a site says otherwise: a normal study that no
    # model has read would else take more keys than it has findings.
    Rule("answer-missing", _W, critical=True),
    Rule("side", _W, critical=True),
    Rule("level", _W, critical=True),
    Rule("type", _W),
    Rule("denied", _W, critical=True),
    Rule("measurement", _W, critical=True),
    Rule("change", _W),
    Rule("category", _W, critical=True),
    Rule("recommendation-missing", _W, critical=True),
    Rule("recommendation", _W, critical=True),
    Rule("prior-none", _W),
    Rule("prior-present", _W),
    Rule("prior-date", _W),
    Rule("prior-unmentioned", _O),
    Rule("sex", _W, critical=True),
    Rule("finding-unreported", _W, critical=True),
    Rule("rejected-reported", _W, critical=True),
    Rule("impossible", _W, critical=True),
    Rule("blank", _W),
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _ALL})


def severity_of(rule: str, chosen: Mapping[str, str]) -> Severity:
    """A rule's weight at a site: `chosen` is the site's own table, rule id → severity; what it lacks is as here."""
    known = RULES[rule]
    given = chosen.get(rule)
    return Severity(given) if given in known.allowed else known.severity
