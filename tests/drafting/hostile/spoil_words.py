"""Ways of spoiling what is said in words: side, place, type, negation, counts, category, comparison, honesty."""

from __future__ import annotations

from dataclasses import replace

from reports.content import content_for
from tests.drafting.hostile.bank import Line, finding_line, length, slots_shown
from tests.drafting.hostile.spoil import Scene, Spoilt, spoils
from tests.drafting.hostile.studies import PLACES, TYPES

CATEGORIES = ("1", "3", "4A", "4B")
MIRROR = {"left": "right", "right": "left"}


def _mirrored(place: str) -> str:
    side, _, rest = place.partition(" ")
    flipped = f"{MIRROR[side]} {rest}"
    return "left upper lobe" if flipped == "left middle lobe" else flipped


def _moved(scene: Scene, line: Line, place: str) -> list[Line]:
    words = {**line.words, "place": scene.rng.choice(scene.bank.words("places", place))}
    return scene.put(line, replace(line, facts={**line.facts, "place": place}, words=words))


def _free_place(scene: Scene) -> str:
    taken = {known["place"] for known in scene.case.facts.values()}
    return scene.rng.choice([place for place in PLACES[scene.case.programme] if place not in taken])


def _some(scene: Scene, template: str, place: str, kind: str, **shown: str) -> Line:
    """A line about something that the study does not hold."""
    words = {
        "place": scene.rng.choice(scene.bank.words("places", place)),
        "type": scene.rng.choice(scene.bank.words("types", kind)),
    }
    section = content_for(scene.case.programme).findings_section
    return Line("extra", section, template, None, {}, words, {"size": "5.0 mm", **shown})


@spoils("side_flipped", slots=("place",))
def side_flipped(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "finding")
    if line is None:
        return None
    new = _mirrored(line.facts["place"])
    return _moved(scene, line, new), f"{line.facts['place']} becomes {new}"


@spoils("place_moved", slots=("place",))
def place_moved(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "finding")
    if line is None:
        return None
    old = line.facts["place"]
    same_side = [each for each in PLACES[scene.case.programme] if each != old and each.split()[0] == old.split()[0]]
    # a quadrant lies within its half: "upper" is no error for "upper outer"
    same_side = [each for each in same_side if not (old.startswith(each) or each.startswith(old))]
    new = scene.rng.choice(same_side)
    return _moved(scene, line, new), f"{old} becomes {new}"


@spoils("clock_invented", slots=("place",), programmes=("breast",))
def clock_invented(scene: Scene) -> Spoilt:
    hour = scene.rng.randint(1, 12)
    texts = {"en": f"It lies at {hour} o'clock.", "zh": f"位于{hour}点钟方向。"}
    extra = Line("extra", content_for("breast").findings_section, texts[scene.bank.language], evidence=("f1",))
    return [*scene.lines, extra], f"a clock position of {hour} is invented"


@spoils("type_changed", slots=("type",))
def type_changed(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "finding")
    if line is None:
        return None
    old = line.facts["type"]
    new = scene.rng.choice([each for each in TYPES[scene.case.programme] if each != old])
    words = {**line.words, "type": scene.rng.choice(scene.bank.words("types", new))}
    return scene.put(line, replace(line, facts={**line.facts, "type": new}, words=words)), f"{old} becomes {new}"


@spoils("view_changed", slots=("view",), programmes=("breast",))
def view_changed(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: "view" in slots_shown(each))
    if line is None:
        return None
    new = {"CC": "MLO", "MLO": "CC"}[line.facts["view"]]
    return scene.put(line, replace(line, facts={**line.facts, "view": new})), f"the view becomes {new}"


@spoils("negation_added", slots=("place",))
def negation_added(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "finding")
    if line is None:
        return None
    template = scene.rng.choice(scene.bank.phrases["denied"])
    denied = finding_line(scene.rng, scene.bank, scene.case, line.about or "", template, "finding", line.section)
    lines = [each for each in scene.put(line, replace(denied, denies=True)) if not each.joined]
    return lines, f"{line.about} is denied"


@spoils("negative_over_findings")
def negative_over_findings(scene: Scene) -> Spoilt:
    section = content_for(scene.case.programme).assessment_section
    template = scene.rng.choice(scene.bank.phrases["negative"][scene.case.programme])
    line = Line("negative", section, template, facts={"negative": True})
    return [*scene.lines, line], "a study with findings is called negative as well"


@spoils("negation_dropped", findings=(0, 0))
def negation_dropped(scene: Scene) -> Spoilt:
    template = scene.rng.choice(scene.bank.phrases["finding"][scene.case.programme][:2])
    kind = scene.rng.choice(TYPES[scene.case.programme])
    extra = _some(scene, template, _free_place(scene), kind, axes="6.2 × 4.0 mm", slice="14", view="CC")
    kept = scene.without(lambda line: line.role == "negative")
    return [*kept, extra], "a study without findings gets one"


@spoils("finding_added")
def finding_added(scene: Scene) -> Spoilt:
    template = scene.rng.choice(scene.bank.phrases["finding"][scene.case.programme][:2])
    kind = scene.rng.choice(TYPES[scene.case.programme])
    shown = {"axes": "7.3 × 5.1 mm", "slice": "14", "view": "CC", "size": f"{scene.rng.randint(31, 299) / 10:.1f} mm"}
    return [*scene.lines, _some(scene, template, _free_place(scene), kind, **shown)], "a finding is invented"


@spoils("finding_left_out", findings=(2, 4))
def finding_left_out(scene: Scene) -> Spoilt:
    about = scene.rng.choice(list(scene.case.facts))
    return scene.without(lambda line: line.about == about), f"{about} is left out"


@spoils("all_left_out", findings=(1, 2))
def all_left_out(scene: Scene) -> Spoilt:
    return scene.without(lambda line: line.about is not None), "no finding is reported"


def _swapped(scene: Scene, *names: str) -> Spoilt:
    first, second = (
        next((line for line in scene.lines if line.role == "finding" and line.about == about), None)
        for about in ("f1", "f2")
    )
    if first is None or second is None or not all(name in first.facts and name in second.facts for name in names):
        return None
    if any(first.facts[name] == second.facts[name] for name in names):
        return None
    lines = list(scene.lines)
    for one, two in ((first, second), (second, first)):
        words = {**one.words, **{name: two.words[name] for name in names if name in two.words}}
        spoilt = replace(one, facts={**one.facts, **{name: two.facts[name] for name in names}}, words=words)
        lines[lines.index(one)] = spoilt
    return lines, f"{' and '.join(names)} of f1 and f2 are exchanged"


@spoils("sizes_exchanged", findings=(2, 3), slots=("size",))
def sizes_exchanged(scene: Scene) -> Spoilt:
    return _swapped(scene, "size")


@spoils("places_exchanged", findings=(2, 3), slots=("place",))
def places_exchanged(scene: Scene) -> Spoilt:
    return _swapped(scene, "place")


@spoils("types_exchanged", findings=(2, 3), slots=("type",))
def types_exchanged(scene: Scene) -> Spoilt:
    return _swapped(scene, "type")


@spoils("evidence_exchanged", findings=(2, 2))
def evidence_exchanged(scene: Scene) -> Spoilt:
    swap = {"f1": "f2", "f2": "f1"}
    lines = [
        replace(line, evidence=tuple(swap[each] for each in line.evidence)) if line.about else line
        for line in scene.lines
    ]
    return lines, "each sentence points at the other finding"


@spoils("patients_swapped", findings=(1, 3))
def patients_swapped(scene: Scene) -> Spoilt:
    return list(scene.other_lines), "the draft is that of another study"


def _category(scene: Scene, up: bool) -> Spoilt:
    line = scene.pick(lambda each: each.role == "category")
    if line is None:
        return None
    old = CATEGORIES.index(line.facts["category"])
    choices = CATEGORIES[old + 1 :] if up else CATEGORIES[:old]
    if not choices:
        return None
    new = scene.rng.choice(choices)
    return scene.put(line, replace(line, facts={"category": new})), f"{CATEGORIES[old]} becomes {new}"


@spoils("category_raised", programmes=("lung",))
def category_raised(scene: Scene) -> Spoilt:
    return _category(scene, up=True)


@spoils("category_lowered", programmes=("lung",))
def category_lowered(scene: Scene) -> Spoilt:
    return _category(scene, up=False)


@spoils("recommendation_wrong", programmes=("lung",))
def recommendation_wrong(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "recommendation")
    if line is None:
        return None
    old = line.facts["recommendation"]
    new = scene.rng.choice([each for each in CATEGORIES if each != old])
    template = scene.rng.choice(scene.bank.phrases["recommendation"][new])
    return scene.put(
        line, replace(line, template=template, facts={"recommendation": new})
    ), f"advice of {new} for {old}"


@spoils("comparison_invented")
def comparison_invented(scene: Scene) -> Spoilt:
    template = scene.rng.choice(scene.bank.phrases["compared_without"])
    extra = Line("extra", content_for(scene.case.programme).findings_section, template, evidence=("f1",))
    return [*scene.lines, extra], "a comparison without an earlier study"


@spoils("comparison_reversed", with_prior=True, programmes=("lung",))
def comparison_reversed(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "comparison")
    if line is None:
        return None
    new = scene.rng.choice([each for each in ("larger", "smaller", "stable") if each != line.facts["change"]])
    words = {**line.words, "change": scene.rng.choice(scene.bank.words("changes", new))}
    facts = {**line.facts, "change": new}
    return scene.put(line, replace(line, facts=facts, words=words)), f"{line.facts['change']} becomes {new}"


@spoils("new_despite_prior", with_prior=True, programmes=("lung",))
def new_despite_prior(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "comparison")
    if line is None:
        return None
    text = {"en": "This is new since the previous examination.", "zh": "为本次新发病灶。"}[scene.bank.language]
    spoilt = Line("extra", line.section, text, evidence=line.evidence, joined=True)
    return scene.put(line, spoilt), "a known finding is called new"


@spoils("count_wrong", findings=(2, 4))
def count_wrong(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "count")
    if line is None:
        return None
    old = line.facts["count"]
    new = scene.rng.choice([each for each in (1, 2, 3, 4, 5) if each != old])
    noun = scene.bank.words("nouns", scene.case.programme)[new > 1]
    words = {"count": scene.rng.choice(scene.bank.words("counts", str(new))), "noun": noun}
    return scene.put(line, replace(line, facts={"count": new}, words=words)), f"{old} findings become {new}"


@spoils("limitation_dropped", findings=(0, 2), limited=True)
def limitation_dropped(scene: Scene) -> Spoilt:
    return scene.without(lambda line: line.role == "limitation"), "the limitation is left out"


@spoils("negative_despite_limitation", findings=(0, 0), limited=True)
def negative_despite_limitation(scene: Scene) -> Spoilt:
    section = content_for(scene.case.programme).findings_section
    template = scene.rng.choice(scene.bank.phrases["negative"][scene.case.programme])
    return [*scene.lines, Line("negative", section, template, facts={"negative": True})], "negative though incomplete"


@spoils("unread_called_negative", findings=(0, 0), state="refused")
def unread_called_negative(scene: Scene) -> Spoilt:
    section = content_for(scene.case.programme).findings_section
    template = scene.rng.choice(scene.bank.phrases["negative"][scene.case.programme])
    kept = scene.without(lambda line: line.role == "not_read")
    return [*kept, Line("negative", section, template, facts={"negative": True})], "an unread study is called negative"


@spoils("unread_not_said", findings=(0, 0), state="failed")
def unread_not_said(scene: Scene) -> Spoilt:
    return scene.without(lambda line: line.role == "not_read"), "it is not said that the study was not read"


@spoils("hedged_invention", findings=(0, 3))
def hedged_invention(scene: Scene) -> Spoilt:
    template = scene.rng.choice(scene.bank.phrases["hedged"])
    kind = scene.rng.choice(TYPES[scene.case.programme])
    size = length(scene.rng.randint(31, 150) / 10, "mm")
    return [*scene.lines, _some(scene, template, _free_place(scene), kind, size=size)], "a guess is added"


@spoils("double_negative", findings=(0, 3))
def double_negative(scene: Scene) -> Spoilt:
    template = scene.rng.choice(scene.bank.phrases["doubled"])
    kind = scene.rng.choice(TYPES[scene.case.programme])
    return [*scene.lines, _some(scene, template, _free_place(scene), kind)], "a finding by double negation"


@spoils("subordinate_clause", slots=("size",))
def subordinate_clause(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "finding")
    if line is None:
        return None
    clause = scene.rng.choice(scene.bank.phrases["subordinate"])
    kind = scene.rng.choice(TYPES[scene.case.programme])
    extra = _some(scene, clause, _free_place(scene), kind)
    end = line.template[-1]
    # the clause's own slots are filled here, so that the sentence's keep their meaning
    for slot, word in {**extra.words, **extra.shown}.items():
        clause = clause.replace("{" + slot + "}", word)
    spoilt = replace(line, template=line.template[:-1] + clause + end)
    return scene.put(line, replace(spoilt, facts={**line.facts, "clause": clause})), f"added: {clause}"


@spoils("abnormality_invented", findings=(0, 3))
def abnormality_invented(scene: Scene) -> Spoilt:
    template = scene.rng.choice(scene.bank.phrases["invented"][scene.case.programme])
    extra = Line("extra", content_for(scene.case.programme).findings_section, template)
    return [*scene.lines, extra], f"invented: {template}"


@spoils("composition_wrong", findings=(0, 2), programmes=("breast",))
def composition_wrong(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "composition")
    if line is None:
        return None
    old = line.facts["composition"]
    new = scene.rng.choice([each for each in "abcd" if each != old])
    template = scene.rng.choice(scene.bank.words("composition", new))
    return scene.put(line, replace(line, template=template, facts={"composition": new})), f"density {old} becomes {new}"
