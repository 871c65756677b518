"""The words the review reads: lesions, their kinds, denials, earlier studies. English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping

_I = re.IGNORECASE


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), _I)


# What a programme looks for. Benign things and other organs are told apart by `ELSEWHERE`.
LESIONS: Mapping[str, re.Pattern[str]] = {
    "lung": _words(
        r"\bnodul(?:e|es|ar)\b",
        r"\bmass(?:es)?\b",
        r"\blesions?\b",
        r"\b(?:nodular|ground[\s-]?glass|focal|rounded)\s+opacit(?:y|ies)\b",
        r"\bGG[NO]s?\b",
        r"\btumou?rs?\b",
        "结节",
        "肿块",
        "占位",
        "病灶",
        "磨玻璃影",
        "磨玻璃密度",
        r"\bsolid\b(?!\s+(?:component|part|portion|core|organ|abdominal))",
        r"\bground[\s-]?glass\b",
        "实性(?!成分|部分)",
    ),
    "breast": _words(
        r"\bmass(?:es)?\b",
        r"\b(?:micro)?calcifications?\b",
        r"\basymmetr(?:y|ies)\b",
        r"\bdistortions?\b",
        r"\blesions?\b",
        r"\bnodul(?:e|es)\b",
        r"\btumou?rs?\b",
        "肿块",
        "钙化",
        "不对称",
        "扭曲",
        "结构紊乱",
        "结节",
        "病灶",
        "占位",
    ),
    "brain": _words(
        r"\bha?emorrhag(?:e|es|ic)\b",
        r"\bha?ematomas?\b",
        r"\bbleed(?:s|ing)?\b",
        r"\b(?:SDH|EDH|SAH|IPH|ICH|IVH)\b",
        r"\blesions?\b",
        r"\bmass(?:es)?\b(?!\s+effect)",
        r"\bblood\b(?!\s+(?:vessels?|pressure|flow|thinn\w+|products? of))",
        "出血",
        "血肿",
        "积血",
        "病灶",
        "占位",
    ),
}
# Outside every programme anything may be told of.
ANY_LESION = _words(
    r"\b(?:mass(?:es)?|lesions?|nodul(?:e|es)|findings?|tumou?rs?|cysts?|stones?|calcul(?:us|i)|fractures?|collections?|aneurysms?)\b",
    r"\b(?:polyps?|abscess(?:es)?|hernias?|thromb\w+|infarct\w*|fluid|haematomas?|hematomas?)\b",
    "肿块|病灶|结节|占位|囊肿|结石|骨折|积液|动脉瘤|息肉|脓肿|血栓|梗死|血肿",
)
# A kind of lesion, as the finding types have it.
KINDS: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "lung": {
        "part_solid_nodule": _words(
            r"\b(?:part(?:ly|ially)?[\s-]?solid|sub-?solid|semi-?solid|mixed)\b",
            r"\bPSN\b",
            "部分实性",
            "混合",
            "亚实性",
        ),
        "ground_glass_nodule": _words(
            r"\bground[\s-]?glass\b", r"\bnon-?solid\b", r"\bGG[NO]s?\b", r"(?<!混合)磨玻璃", "非实性"
        ),
        "solid_nodule": _words(
            r"(?<!part-)(?<!part )(?<!partly )(?<!partially )(?<!non-)(?<!non )(?<!sub-)(?<!semi-)\bsolid\b"
            r"(?!\s+(?:component|part|portion|core|organ))",
            r"(?<!部分)(?<!亚)(?<!非)(?<!混合)实性(?!成分|部分)",
        ),
    },
    "breast": {
        "mass": _words(r"\bmass(?:es)?\b", "肿块"),
        "calcification": _words(r"\b(?:micro)?calcifications?\b", "钙化"),
        "asymmetry": _words(r"\basymmetr(?:y|ies)\b", "不对称"),
        "architectural_distortion": _words(r"\bdistortions?\b", "扭曲", "结构紊乱"),
    },
    "brain": {
        "epidural_haemorrhage": _words(r"\b(?:epi|extra)dural\b", r"\bEDH\b", "硬膜外"),
        "subdural_haemorrhage": _words(r"\bsubdural\b", r"\bSDH\b", "硬膜下"),
        "subarachnoid_haemorrhage": _words(r"\bsubarachnoid\b", r"\bSAH\b", "蛛网膜下"),
        "intraventricular_haemorrhage": _words(r"\bintra-?ventricular\b", r"\bIVH\b", "脑室内?(?:出血|积血)"),
        "intraparenchymal_haemorrhage": _words(
            r"\b(?:intra-?)?parenchymal\b", r"\bintra-?cerebral\b", r"\b(?:IPH|ICH)\b", "脑实质", "脑内"
        ),
    },
}
SOLID_PART = _words(r"\bsolid\s+(?:component|part|portion|core)\b", "实性成分", "实性部分")
# Organs, and benign things, that a programme's findings do not speak of.
_ORGANS = (
    r"thyroid|adrenal|hepatic|liver|kidneys?|renal|spleen|splenic|pancrea\w*|gall\s?bladder|vertebra\w*|ribs?|spinal|spine|sternum"
    r"|o?esophag\w*|coronary|aort(?:a|ic)|valv\w+|lymph|nodes?|nodal|vascular|arterial|skin|dermal|benign|physiologic\w*|bon[ey]"
    r"|甲状腺|肾上腺|肝|肾|脾|胰|胆囊|椎体?|肋骨?|冠状动脉|冠脉|主动脉|动脉|淋巴|囊|肉芽肿|血管|皮肤|良性"
)
_OTHER_ORGANS: Mapping[str, str] = {
    "lung": rf"{_ORGANS}|breast|calcified|calcific|pleural|mediastinal|hilar|dependent|diffuse|centrilobular|mosaic|乳腺|骨",
    "breast": rf"{_ORGANS}|intramammary|axillary|popcorn|dystrophic|secretory|eggshell|rim|typically benign",
    "brain": rf"{_ORGANS}|scalp|subgaleal|extracranial|extracalvarial|soft[\s-]?tissue|periorbital|facial|nasal|sinus(?:es)?|mastoid\w*|orbit\w*|pineal|choroid|skull|松果体|脉络丛|鼻窦|乳突|头皮|皮下|软组织|骨",
}
_BEFORE = {
    name: re.compile(rf"(?:\b|(?=[\u4e00-\u9fff]))(?:{organs})[\s\w-]{{0,10}}$", _I)
    for name, organs in _OTHER_ORGANS.items()
}
_AFTER = {
    name: re.compile(
        rf"^\s*(?:\w+\s+){{0,2}}?(?:in|of|within|along|at|over|overlying|under|beneath)\s+(?:the\s+|both\s+)?(?:(?:left|right|upper|lower|pole|of|the)\s+)*(?:{organs})\b",
        _I,
    )
    for name, organs in _OTHER_ORGANS.items()
}


def is_elsewhere(text: str, lesion: re.Match[str], programme: str) -> bool:
    """Is this a lesion of another organ, or something benign: "thyroid nodule", "vascular calcifications"?

    Outside every programme no organ is another one.
    """
    if programme not in _OTHER_ORGANS:
        return False
    before, after = text[: lesion.start()], text[lesion.end() :]
    return bool(_BEFORE[programme].search(before[-32:]) or _AFTER[programme].match(after[:60]))


_KEPT = _words(
    r"\bno (?:significant |interval |relevant |appreciable |substantial )*(?:change|growth|increase|decrease|progression)\w*",
    r"\bnot (?:significantly |appreciably )*(?:changed|grown|increased|enlarged|larger|smaller)\b",
    r"\bwithout (?:significant |interval |appreciable )*(?:change|growth|increase)\b",
    r"\bnot (?:fully |reliably |yet |be )*(?:measur\w+|characteri[sz]\w+|calcified)|\bno longer (?:increas|grow)\w+",
    r"\b(?:could|can)not be measured",
    r"\bsize not measured\b",
    r"\bnormal[\s-]sized?\b",
    r"\bnot (?:only|specific)\b",
    r"无(?:明显|显著)?(?:变化|改变|增大|增长|缩小)",
    r"未(?:见)?(?:明显|显著)?(?:变化|改变|增大|增长)",
    "未测量",
    "无法测量",
    "不能测量",
    "不均匀",
    "不规则",
    "不清",
    "不光滑",
    "无关",
    "不除外",
    "不能除外",
    "不对称",
)
_DENIED = _words(
    r"\b(?:no|not|without|absence of|absent|free of|free from|neither|nor|never|none|nothing|nil|negative for|lacks?)\b",
    r"n't\b",
    r"\b(?:clear|unremarkable|normal|intact|excluded|ruled out|resolved|disappeared|negative|healthy)\b",
    r"\b(?:is|are|was|were|represents?|corresponds? to|consistent with|due to|reflects?)\s+(?:an?\s+|the\s+)?(?:\w+\s+){0,2}"
    r"(?:vessels?|artefacts?|artifacts?|summation|nipples?|pseudo\w+)\b",
    r"\b(?:rejected|dismissed|discounted|not (?:confirmed|accepted|substantiated))\b|(?:为|系|考虑)[^,，。;]{0,6}(?:血管|伪影|乳头|伪灶)",
    r"未见|未发现|未示|未及|未显示|没有|无|阴性|清晰|正常|消失|已吸收|不存在|(?<!不能)(?<!不)排除",
)
# What says that something is there, after a denial in the same sentence.
AFFIRMED = _words(
    r"\b(?:an?|one|two|three|four|multiple|several|there (?:is|are)|solitary|dominant|(?:the|this)\s+(?:known|largest|dominant|nodule|mass|lesion))\b",
    r"\d\s*-?(?:mm|cm)\b",
    "见一|可见|示一|见多|有一|存在|见(?!于)",
    r"\d\s*(?:mm|cm|毫米|厘米)",
)
ONLY_OTHERS = _words(
    r"\b(?:other|further|additional|else(?:where)?|new|second|remaining|rest|contralateral|otherwise|more)\b",
    "其他|其它|其余|余|另|新发|新增|别处|对侧|更多",
)
SCOPED = _words(
    r"\bnot an?\b|\brather than\b",
    r"\b(?:spiculat\w*|calcified|cavit\w*|fat|associated|satellite|enlarg\w*|pleural|large|larger|(?:above|over|greater|larger|more) than"
    r"|exceed\w*|endobronchial|adjacent|within|around|mediastinal|recurrent|active|skull base|threshold)\b",
    r"[<>≥≤]\s*\d",
    r"\d\s*(?:mm|cm)",
    "毛刺|分叶|空洞|伴|周围|活动性|内见|胸膜|纵隔|大于|超过",
)
# A denial that leaves room for something harmless.
GUARDED = _words(
    r"\b(?:suspicious|significant|definite|true|actionable|worrisome|concerning|malignan\w+)\b", "可疑|恶性|明确|明显"
)
# What a lesion is called, so that "no mass" does not deny a bleed.
FAMILIES: Mapping[str, re.Pattern[str]] = {
    "blood": _words(
        r"\bha?emorrhag\w*|\bha?ematoma\w*|\bbleed\w*|\b(?:SDH|EDH|SAH|IPH|ICH|IVH|blood)\b", "出血|血肿|积血"
    ),
    "nodule": _words(r"\bnodul\w*|\bGG[NO]s?\b|\bsolid\b|\bground[\s-]?glass", "结节|磨玻璃|实性"),
    "mass": _words(r"\bmass(?:es)?\b|\btumou?rs?\b", "肿块|占位|肿瘤"),
    "calcification": _words(r"calcification", "钙化"),
    "asymmetry": _words(r"\basymmetr", "不对称"),
    "distortion": _words(r"\bdistortion", "扭曲|结构紊乱"),
}
SUSPICIOUS = _words(r"\b(?:suspicious|malignan\w+|spiculat\w+|cancer|carcinoma)\b", "可疑", "恶性", "毛刺", "癌")
CHANGED = _words(r"\b(?:larger|smaller|unchanged|stable|grown|increased|decreased)\b", "增大|缩小|变化|相仿|减小|同前")
PLURAL = _words(
    r"\b(?:nodules|masses|lesions|calcifications|asymmetries|haemorrhages|hemorrhages|haematomas|hematomas|foci|opacities|findings)\b",
    r"\b(?:two|three|four|five|six|several|multiple|both|many|few|further|bilateral)\b",
    "多发|多个|数个|散在|两个|三个|双",
)


def denied(text: str) -> bool:
    """Does a piece of text say that something is not there? "No change" and the like deny nothing."""
    return bool(_DENIED.search(_KEPT.sub(" ", text)))


def families_in(text: str) -> frozenset[str]:
    """What the lesions of a text are called; empty for words that fit any ("lesion", "finding")."""
    return frozenset(name for name, pattern in FAMILIES.items() if pattern.search(text))


def lesions_in(text: str, programme: str) -> list[re.Match[str]]:
    return list(LESIONS.get(programme, ANY_LESION).finditer(text))


def kinds_in(text: str, programme: str) -> frozenset[str]:
    """The kinds of lesion a text names, as finding types. "Ground-glass with a solid component" is part-solid."""
    found = {kind for kind, pattern in KINDS.get(programme, {}).items() if pattern.search(text)}
    if "part_solid_nodule" in found or ("ground_glass_nodule" in found and SOLID_PART.search(text)):
        return frozenset({"part_solid_nodule"})
    return frozenset(found)
