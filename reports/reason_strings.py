"""What the rules of a report say of themselves, in the reader's language.

The rules are pure and speak English, and their sentences are signed and kept as they are. Here each kind of sentence is known by
its form and said again at the edge; one of a form that is not known is shown as it is.
"""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Said = str | Promise

# Words that stand inside the sentences.
WORDS: dict[str, Said] = {
    "baseline": _("baseline"),
    "compared with the earlier study": _("compared with the earlier study"),
    "solid": _("solid"),
    "part-solid": _("part-solid"),
    "ground-glass": _("ground-glass"),
    "new": _("new"),
    "growing": _("growing"),
    "slowly growing over several examinations": _("slowly growing over several examinations"),
    "larger over more than 12 months": _("larger over more than 12 months"),
    "stable": _("stable"),
    "smaller": _("smaller"),
    "an earlier chest CT is being located for comparison": _("an earlier chest CT is being located for comparison"),
    "part or all of the lungs cannot be evaluated": _("part or all of the lungs cannot be evaluated"),
    "the findings suggest an inflammatory or infectious process": _(
        "the findings suggest an inflammatory or infectious process"
    ),
    "thick-walled cyst": _("thick-walled cyst"),
    "multilocular cyst": _("multilocular cyst"),
    "thick-walled cyst with growing wall or nodularity": _("thick-walled cyst with growing wall or nodularity"),
    "thick-walled cyst whose cystic component grows": _("thick-walled cyst whose cystic component grows"),
    "cyst that became multilocular": _("cyst that became multilocular"),
    "growing multilocular cyst": _("growing multilocular cyst"),
    "multilocular cyst with growing wall or nodularity": _("multilocular cyst with growing wall or nodularity"),
    "multilocular cyst with more loculation or opacity": _("multilocular cyst with more loculation or opacity"),
    "air inside an airway abnormality favours secretions": _("air inside an airway abnormality favours secretions"),
    "oval": _("oval"),
    "lentiform": _("lentiform"),
    "triangular": _("triangular"),
    "nodule": _("nodule"),
    "haemorrhage": _("haemorrhage"),
}

_HEAD = r"(?P<rule>Lung-RADS v\d+)(?:, (?P<when>baseline|compared with the earlier study))?"
_NODULE = r"a (?P<kind>solid|part-solid|ground-glass) nodule of (?P<size>[\d.]+ mm³?)"
_END = r"(?:, (?P<change>[a-z][a-z\d ]+))? is category (?P<category>\w+)\."

# A sentence's form → how it is said. Places: the groups of the form, those in `WORDS` translated.
FORMS: tuple[tuple[re.Pattern[str], Said], ...] = tuple(
    (re.compile(form), said)
    for form, said in (
        (
            rf"{_HEAD}: no nodule was marked, category 1\.",
            _("{rule}, {when}: no nodule was marked, category 1."),
        ),
        (
            rf"{_HEAD}: {_NODULE} is category (?P<category>\w+)\.",
            _("{rule}, {when}: a {kind} nodule of {size} is category {category}."),
        ),
        (
            rf"{_HEAD}: {_NODULE} with a solid component of (?P<part>[\d.]+ mm³?) is category (?P<category>\w+)\.",
            _("{rule}, {when}: a {kind} nodule of {size} with a solid component of {part} is category {category}."),
        ),
        (
            rf"{_HEAD}: {_NODULE} with a solid component of (?P<part>[\d.]+ mm³?){_END}",
            _(
                "{rule}, {when}: a {kind} nodule of {size} with a solid component of {part}, {change}, is category "
                "{category}."
            ),
        ),
        (
            rf"{_HEAD}: {_NODULE}{_END}",
            _("{rule}, {when}: a {kind} nodule of {size}, {change}, is category {category}."),
        ),
        (
            rf"{_HEAD}: {_NODULE}, juxtapleural, smooth and (?P<shape>[a-z]+) is category (?P<category>\w+)\.",
            _("{rule}, {when}: a {kind} nodule of {size}, juxtapleural, smooth and {shape}, is category {category}."),
        ),
        (
            rf"{_HEAD}: {_NODULE}, juxtapleural, smooth and (?P<shape>[a-z]+){_END}",
            _(
                "{rule}, {when}: a {kind} nodule of {size}, juxtapleural, smooth and {shape}, {change}, is category "
                "{category}."
            ),
        ),
        (
            rf"{_HEAD}: a lesion, (?P<row>.+), is category (?P<category>\w+)\.",
            _("{rule}, {when}: a lesion, {row}, is category {category}."),
        ),
        (
            r"A cyst of one space is graded by the thickness of its wall, which is not given\.",
            _("A cyst of one space is graded by the thickness of its wall, which is not given."),
        ),
        (rf"{_HEAD}: (?P<why>[^;]+), category 0\.", _("{rule}: {why}, category 0.")),
        (r"After (?P<rule>Lung-RADS|BI-RADS) (?P<category>\w+)\.", _("After {rule} {category}.")),
        (
            r"Nodule (?P<number>\S+) has no type or size that the rule knows\.",
            _("Nodule {number} has no type or size that the rule knows."),
        ),
        (r"Nothing says yet whether there is a nodule\.", _("Nothing says yet whether there is a nodule.")),
        (
            r"Of most concern, in the order 1, 2, 3, 6, 0, 4, 5\.",
            _("Of most concern, in the order 1, 2, 3, 6, 0, 4, 5."),
        ),
        (r"Both breasts need an assessment\.", _("Both breasts need an assessment.")),
        (
            r"Marked and not rejected: (?P<noun>\w+) (?P<numbers>[\w, ]+)\.",
            _("Marked and not rejected: {noun} {numbers}."),
        ),
        (r"Every (?P<noun>\w+) that was marked was rejected\.", _("Every {noun} that was marked was rejected.")),
        (r"No (?P<noun>\w+) is marked\.", _("No {noun} is marked.")),
    )
)


def known_form(reason: str) -> tuple[re.Match[str], Said] | None:
    """The form of a rule's sentence and how it is said; None where it is none that is known."""
    return next(((found, said) for form, said in FORMS if (found := form.fullmatch(reason))), None)


def reason_said(reason: str) -> str:
    """A rule's sentence in the language of the request; as it is, where its form is not known."""
    known = known_form(reason)
    if known is None:
        return reason
    found, said = known
    return str(said).format(
        **{name: str(WORDS.get(given or "", given or "")) for name, given in found.groupdict().items()}
    )
