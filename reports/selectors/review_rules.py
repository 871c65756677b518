"""How much each rule of the review weighs at a site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import Site
from reports.models.review_rules import ReviewRules
from reports.review import RULES, Rule, Severity
from reports.review.rules import severity_of


@dataclass(frozen=True, slots=True)
class Weighed:
    """A rule and what it weighs at a site; allowed: what the site may choose."""

    rule: Rule
    severity: Severity

    @property
    def allowed(self) -> tuple[Severity, ...]:
        return self.rule.allowed

    @property
    def is_usual(self) -> bool:
        return self.severity == self.rule.severity


def rules_record(site: Site) -> ReviewRules | None:
    """The version in force; None where none was set."""
    return ReviewRules.objects.filter(site=site).order_by("-version").first()


def severities_of(site: Site) -> Mapping[str, str]:
    """Rule → severity, of the rules that weigh otherwise than usual at the site; one query."""
    record = rules_record(site)
    return record.severities if record else {}


def weighed_rules(site: Site) -> list[Weighed]:
    """Every rule in its order, with its weight at the site."""
    chosen = severities_of(site)
    return [Weighed(rule, severity_of(rule.id, chosen)) for rule in RULES.values()]
