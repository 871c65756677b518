"""The sentences of the review, translated: one for each message of `reports.review`, and the words around them.

`{name}` places are filled by `said`; by the page's script in the strings of `review_strings`.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.review import Severity

# Message → sentence. "{finding_n}" is the number of a finding, "{place}" where it lies, "{stated}" a category.
SENTENCES: dict[str, str | Promise] = {
    "section-missing": _("This section is empty."),
    "answer-missing": _("Not answered: {asked}"),
    "blank": _("Something was left to fill in: {words}"),
    "ai-rejected": _("This drafted sentence rests on finding {finding_n}, which was rejected."),
    "ai-unsupported": _("Nothing supports this drafted sentence any longer."),
    "ai-corrected": _("Finding {finding_n} was corrected; this sentence still says what the AI said."),
    "ai-undecided": _("Finding {finding_n} was neither accepted nor rejected; this sentence stands as drafted."),
    "side": _("The side differs from finding {finding_n} ({place})."),
    "side-section": _("The side differs from what is said above: {said}"),
    "side-recommended": _("The side differs from where something was found."),
    "level": _("The place differs from finding {finding_n} ({place})."),
    "level-section": _("The place differs from what is said above: {said}"),
    "type": _("The kind differs from that of finding {finding_n}."),
    "denied": _("This contradicts what is said elsewhere: {said}"),
    "denied-finding": _("This contradicts finding {finding_n} ({place}), which you confirmed."),
    "measurement": _("No mark or measurement has this size: {number}"),
    "impossible": _("This cannot be: {number}"),
    "component": _("The solid component is larger than its nodule: {number}"),
    "change": _("Finding {finding_n} measured {before} mm before and {now} mm now."),
    "category": _("Category {stated} is stated; from the findings {expected} follows."),
    "category-unknown": _("There is no category {stated} in this scheme."),
    "category-differs": _("Category {stated} here, {other} elsewhere."),
    "category-negative": _("Category {stated} does not go with: {said}"),
    "category-nothing": _("Category {stated} is stated, but nothing is described."),
    "assessment-negative": _("This does not go with: {said}"),
    "recommendation-missing": _("Category {stated} asks for a recommendation."),
    "recommendation-acute": _("An acute finding asks for a recommendation."),
    "recommendation-none": _("This advises nothing after an acute finding."),
    "recommendation": _("This is not what follows from category {stated}."),
    "prior-none": _("This compares with an earlier study; none is known here."),
    "prior-present": _("There is an earlier study: {dates}"),
    "prior-date": _("There is no earlier study of this day. Known: {dates}"),
    "prior-unmentioned": _("The earlier study is not mentioned."),
    "sex-m": _("This is said of a man; the patient is a woman: {words}"),
    "sex-f": _("This is said of a woman; the patient is a man: {words}"),
    "finding-unreported": _("Finding {finding_n} ({place}) was confirmed, but is not described."),
    "rejected-reported": _("Finding {finding_n} ({place}) was rejected, but is described."),
}

# Rule → what it looks for, as the page of a site's own weights lists it.
RULE_WORDS: dict[str, str | Promise] = {
    "section-missing": _("A required section has no words"),
    "ai-rejected": _("A drafted sentence rests on a finding that was rejected"),
    "ai-unsupported": _(
        "A drafted sentence that nothing supports: its finding is gone, was corrected, or there is none"
    ),
    "ai-undecided": _("A drafted sentence on a finding that was neither accepted nor rejected"),
    "side-evidence": _("A sentence names another side than the finding it rests on"),
    "answer-missing": _("A required answer is missing"),
    "side": _("A side that differs from every finding it could mean, or from another section"),
    "level": _("A lobe, quadrant, clock face or region that differs from them"),
    "type": _("A kind of lesion that differs from them"),
    "denied": _("A lesion is denied that is told of elsewhere, or was confirmed"),
    "measurement": _("A size that is that of no finding and no measurement"),
    "change": _("Larger, smaller or unchanged, against both sizes"),
    "category": _("A category that differs from the answer, from the rule, or from what is described"),
    "recommendation-missing": _("Nothing is recommended, though the category asks for it"),
    "recommendation": _("A recommendation that does not follow from the category"),
    "prior-none": _("A comparison, though no earlier study is known"),
    "prior-present": _("No earlier study is said to be there, though there is one"),
    "prior-date": _("An earlier study of a day on which there was none"),
    "prior-unmentioned": _("An earlier study that is not mentioned"),
    "sex": _("Words of the other sex"),
    "finding-unreported": _("A confirmed finding that no sentence tells of"),
    "rejected-reported": _("A rejected finding that a sentence tells of"),
    "impossible": _("Numbers that cannot be: 0 mm, 14 o'clock, 30 February"),
    "blank": _("A place left open to fill in"),
}

_SEVERITIES: dict[Severity, str | Promise] = {
    Severity.BLOCKING: _("Blocks the signature"),
    Severity.WARNING: _("Warns"),
    Severity.OFF: _("Not looked for"),
}

_STRINGS: dict[str, str | Promise] = {
    "review_count": _("{count} to check"),
    "review_blocking": _("{count} before signing"),
    "review_at": _("{n} of {count}"),
    "review_reason": _("Why you sign as it is"),
    "review_keep": _("Sign as it is"),
    "review_stands": _("{section}: {text}"),
}


def said(message: str, values: Mapping[str, str]) -> str:
    """The sentence of a remark in the language of the request. Raises KeyError for a message that has none."""
    return str(SENTENCES[message]).format(**values)


def severity_words(severity: Severity) -> str:
    return str(_SEVERITIES[severity])


def review_strings() -> dict[str, str]:
    """The strings in the language of the request, ready for JSON."""
    return {key: str(text) for key, text in _STRINGS.items()}
