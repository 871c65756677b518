"""Ways of spoiling a number: digits, points, units, order, spelling, look-alikes."""

from __future__ import annotations

from dataclasses import replace

from tests.drafting.hostile.bank import Line, length, slots_shown
from tests.drafting.hostile.spoil import Scene, Spoilt, spoils

MATHS = str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WIDE = str.maketrans("0123456789.", "0123456789.")
LETTERS = str.maketrans("013", "OlЗ")


def _with(scene: Scene, line: Line, **facts: object) -> list[Line]:
    return scene.put(line, replace(line, facts={**line.facts, **facts}))


def _sized(scene: Scene, slot: str = "size") -> Line | None:
    return scene.pick(lambda line: slot in slots_shown(line) and slot not in line.shown)


@spoils("last_digit", slots=("size",))
def last_digit(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    new = round(line.facts["size"] + scene.rng.choice((-0.1, 0.1)), 1)
    # in cm the last digit shown is a tenth of a millimetre too
    return _with(scene, line, size=new), f"size {line.facts['size']} becomes {new} mm"


@spoils("first_digit", slots=("size",))
def first_digit(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    new = round(line.facts["size"] + 10 * scene.rng.randint(1, 5), 1)
    return _with(scene, line, size=new), f"size {line.facts['size']} becomes {new} mm"


@spoils("point_moved", slots=("size",))
def point_moved(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    new = round(line.facts["size"] * 10, 1)
    shown = f"{new:.0f} mm" if scene.rng.random() < 0.7 else f"{line.facts['size'] / 10:.2f} mm"
    new = new if shown.startswith(f"{new:.0f}") else round(line.facts["size"] / 10, 2)
    spoilt = replace(line, facts={**line.facts, "size": new}, shown={**line.shown, "size": shown})
    return scene.put(line, spoilt), f"the point of {line.facts['size']} mm is moved"


@spoils("unit_swapped", slots=("size",))
def unit_swapped(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    right = length(line.facts["size"], line.unit)
    shown = right.replace("cm", "mm") if line.unit == "cm" else right.replace("mm", "cm")
    factor = 0.1 if line.unit == "cm" else 10
    spoilt = replace(
        line,
        facts={**line.facts, "size": round(line.facts["size"] * factor, 3)},
        shown={**line.shown, "size": shown},
    )
    return scene.put(line, spoilt), f"{right} becomes {shown}"


@spoils("axis_wrong", slots=("axes",))
def axis_wrong(scene: Scene) -> Spoilt:
    line = _sized(scene, "axes")
    if line is None:
        return None
    long, short = line.facts["long"], line.facts["short"]
    new = scene.rng.choice((round(short + 1.3, 1), round(short / 2, 1), round(long + 2.0, 1)))
    return _with(scene, line, short=new, long=short), f"axes {long} and {short} become {short} and {new} mm"


@spoils("axis_digit", slots=("axes",))
def axis_digit(scene: Scene) -> Spoilt:
    line = _sized(scene, "axes")
    if line is None:
        return None
    which = scene.rng.choice(("long", "short"))
    new = round(line.facts[which] + scene.rng.choice((-0.2, 0.1, 0.4)), 1)
    return _with(scene, line, **{which: new}), f"the {which} axis {line.facts[which]} becomes {new} mm"


@spoils("volume_wrong", slots=("volume",), programmes=("lung", "brain"))
def volume_wrong(scene: Scene) -> Spoilt:
    line = _sized(scene, "volume")
    if line is None:
        return None
    old = line.facts["volume"]
    new = scene.rng.choice((old + 1, old * 2, old + 10))
    new = round(new, 1) if isinstance(old, float) else new
    return _with(scene, line, volume=new), f"volume {old} becomes {new}"


@spoils("volume_unit", slots=("volume",), programmes=("lung", "brain"))
def volume_unit(scene: Scene) -> Spoilt:
    line = _sized(scene, "volume")
    if line is None:
        return None
    old = line.facts["volume"]
    shown = f"{old} mL" if scene.case.programme == "lung" else f"{old:.1f} mm³"
    spoilt = replace(line, facts={**line.facts, "volume": f"{old} other unit"}, shown={"volume": shown})
    return scene.put(line, spoilt), f"volume {old} gets another unit"


@spoils("solid_wrong", needs_solid=True, programmes=("lung",))
def solid_wrong(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "solid")
    if line is None:
        return None
    old = line.facts["solid"]
    new = scene.rng.choice((round(old + 0.1, 1), round(old + 2.0, 1), scene.case.facts[line.about or ""]["size"]))
    return _with(scene, line, solid=new), f"solid part {old} becomes {new} mm"


@spoils("slice_wrong", slots=("slice",), programmes=("lung", "brain"))
def slice_wrong(scene: Scene) -> Spoilt:
    line = _sized(scene, "slice")
    if line is None:
        return None
    old = line.facts["slice"]
    new = old + scene.rng.choice((-1, 1, 10))
    return _with(scene, line, slice=new), f"slice {old} becomes {new}"


@spoils("extent_wrong", slots=("extent",), programmes=("brain",), languages=("en",))
def extent_wrong(scene: Scene) -> Spoilt:
    line = _sized(scene, "extent")
    if line is None:
        return None
    old = line.facts["extent"]
    return _with(scene, line, extent=old + 1), f"{old} slices become {old + 1}"


@spoils("number_as_word", slots=("size",))
def number_as_word(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    word = scene.rng.choice(scene.bank.phrases["number_words"])
    shown = scene.bank.phrases["millimetres"].format(word=word)
    spoilt = replace(line, facts={**line.facts, "size": word}, shown={**line.shown, "size": shown})
    return scene.put(line, spoilt), f"{line.facts['size']} mm becomes {shown}"


@spoils("range_for_number", slots=("size",))
def range_for_number(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    size = line.facts["size"]
    template = scene.rng.choice(scene.bank.phrases["ranges"])
    # a range that leaves out the true size, or a bound that it does not keep
    low, high = (size + 1.5, size + 4.0) if "low" in template else (0.0, size + 2.0)
    if template.startswith("up to"):
        high = size - 1.2
    shown = template.format(low=f"{low:.1f}", high=f"{high:.1f}")
    spoilt = replace(line, facts={**line.facts, "size": shown}, shown={**line.shown, "size": shown})
    return scene.put(line, spoilt), f"{size} mm becomes '{shown}'"


def _disguised(scene: Scene, table: dict[int, str], what: str, *, extra: float = 0.0) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    new = round(line.facts["size"] + (extra or scene.rng.choice((0.2, 1.0, 3.0, 10.0))), 1)
    shown = f"{f'{new:.1f}'.translate(table)} mm"
    spoilt = replace(line, facts={**line.facts, "size": new}, shown={**line.shown, "size": shown})
    return scene.put(line, spoilt), f"{line.facts['size']} becomes {shown} in {what}"


@spoils("lookalike_digits", slots=("size",))
def lookalike_digits(scene: Scene) -> Spoilt:
    table = scene.rng.choice((MATHS, ARABIC))
    return _disguised(scene, table, "digits of another alphabet")


@spoils("wide_digits", slots=("size",))
def wide_digits(scene: Scene) -> Spoilt:
    return _disguised(scene, WIDE, "full-width digits")


@spoils("letters_for_digits", slots=("size",))
def letters_for_digits(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    new = scene.rng.choice((10.1, 30.1, 13.0, 31.0, 103.0))
    shown = f"{f'{new:.1f}'.translate(LETTERS)} mm"
    if new == line.facts["size"]:
        return None
    spoilt = replace(line, facts={**line.facts, "size": new}, shown={**line.shown, "size": shown})
    return scene.put(line, spoilt), f"{line.facts['size']} becomes {shown} with letters in it"


@spoils("hidden_character", slots=("size",))
def hidden_character(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    size = f"{line.facts['size']:.1f}"
    hidden = scene.rng.choice(("\u200b", "\u00ad", "\u2060"))
    ahead = scene.rng.choice("123")
    spoilt = replace(
        line,
        facts={**line.facts, "size": float(ahead + size)},
        shown={**line.shown, "size": f"{ahead}{hidden}{size} mm"},
    )
    return scene.put(line, spoilt), f"{size} gets a {ahead} and a hidden character before it"


@spoils("sign_or_power", slots=("size",))
def sign_or_power(scene: Scene) -> Spoilt:
    line = _sized(scene)
    if line is None:
        return None
    size = line.facts["size"]
    shown = scene.rng.choice((f"{size:.1f}² mm", f"1/{size:.1f} mm", f"{size:.1f}e1 mm", f"2 × {size:.1f} mm"))
    spoilt = replace(line, facts={**line.facts, "size": shown}, shown={**line.shown, "size": shown})
    return scene.put(line, spoilt), f"{size} mm becomes {shown}"


@spoils("prior_size_wrong", with_prior=True, programmes=("lung",))
def prior_size_wrong(scene: Scene) -> Spoilt:
    line = scene.pick(lambda each: each.role == "comparison" and "prior" in slots_shown(each))
    if line is None:
        return None
    old = line.facts["prior"]
    new = round(old + scene.rng.choice((-0.3, 0.1, 1.0)), 1)
    return _with(scene, line, prior=new), f"the earlier size {old} becomes {new} mm"
