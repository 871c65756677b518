"""What the words of a finding's sentence mean, in English: the guard's own dictionary, kept apart from the grammar.

A phrase has tags. "" is a word that states nothing; "is:<fact>" states a place or a kind; "view:", "change:" and
"kind:" (what the size means) state what their names say. The rest steer the reading: "prior" begins what was
before, "now" ends it, "from", "to", "slice", "slices", "component", "unmeasured", "about", "bound" (more or less than a
number), "count", "no" (a negation), "category" and "needs:<part>", which a number of that part must follow. A word that is not here states something nobody can check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

Tags = tuple[str, ...]
Lexicon = Mapping[str, Tags]

# Words that mean the same fact have one name, in both languages.
SAME = {
    "lateral": "outer", "medial": "inner", "superior": "upper", "inferior": "lower", "ventral": "anterior",
    "dorsal": "posterior", "bilateral": "both", "hilar": "hilum", "cerebellar": "cerebellum", "insular": "insula",
    "pleural": "pleura", "subareolar": "retroareolar", "lobes": "lobe", "lungs": "lung", "breasts": "breast",
    "quadrants": "quadrant", "hemispheres": "hemisphere", "ventricles": "ventricle", "segments": "segment",
    "cranial": "upper", "caudal": "lower", "axillary": "axilla", "pulmonary": "lung", "mammary": "breast",
}  # fmt: skip
_PLACES = """
right left both bilateral upper middle lower lobe lobes lingula lung lungs breast breasts outer inner central quadrant
quadrants retroareolar subareolar axillary tail axilla nipple hemisphere hemispheres cerebral midline cerebellum
cerebellar frontal temporal parietal occipital brainstem pons thalamus basal ganglia ventricle ventricles insula insular
falx tentorium fossa convexity subdural epidural subarachnoid intraventricular intraparenchymal extra-axial lateral
medial anterior posterior superior inferior apical segment segments half deep superficial peripheral hilum hilar perihilar
pleura pleural subpleural perifissural fissure juxtapleural apex base brain apicoposterior anteromedial ventral dorsal
cranial caudal lobule hemithorax vermis sulcus cistern above below skull vertex pulmonary mammary
"""
# What names only the organ that the programme looks at anyway, or adds nothing to a side or to two directions.
IMPLIED = frozenset(("lung", "breast", "brain", "cerebral", "hemithorax", "hemisphere", "quadrant"))
_KINDS = {
    "solid": "solid", "part-solid": "part-solid", "part solid": "part-solid", "partly solid": "part-solid",
    "semisolid": "part-solid", "subsolid": "part-solid", "ground-glass": "ground-glass", "ground glass": "ground-glass",
    "nonsolid": "ground-glass", "non-solid": "ground-glass", "nodule": "nodule", "nodules": "nodule", "mass": "mass",
    "masses": "mass", "calcification": "calcification", "group of calcifications": "calcifications",
    "calcifications": "calcifications", "grouped calcifications": "calcifications", "cluster of calcifications": "calcifications",
    "asymmetry": "asymmetry", "distortion": "distortion", "architectural": "architectural", "haemorrhage": "haemorrhage",
    "hemorrhage": "haemorrhage", "haematoma": "haemorrhage", "hematoma": "haemorrhage", "bleed": "haemorrhage",
    "bleeding": "haemorrhage", "intracranial": "intracranial", "extradural": "epidural", "tumour": "tumour", "tumor": "tumour",
    "cyst": "cyst", "opacity": "opacity", "infarct": "infarct", "fracture": "fracture", "effusion": "effusion",
    "granuloma": "granuloma", "metastasis": "metastasis", "metastases": "metastasis", "lymph node": "lymph-node", "intracerebral": "intraparenchymal",
    "parenchymal": "intraparenchymal", "blood": "haemorrhage", "architecture": "architectural", "pure ground-glass": "ground-glass",
    "pure ground glass": "ground-glass", "mixed-attenuation": "part-solid", "solid attenuation": "solid", "space-occupying mass": "mass",
}  # fmt: skip
KIND_CODES = frozenset(_KINDS.values())
_SHORT = {
    "rul": "right upper lobe", "rml": "right middle lobe", "rll": "right lower lobe", "lul": "left upper lobe",
    "lll": "left lower lobe", "uoq": "upper outer quadrant", "uiq": "upper inner quadrant", "loq": "lower outer quadrant",
    "liq": "lower inner quadrant", "sdh": "subdural haemorrhage", "edh": "epidural haemorrhage", "sah": "subarachnoid haemorrhage",
    "ivh": "intraventricular haemorrhage", "iph": "intraparenchymal haemorrhage", "supraventricular": "above ventricle",
    "inferiorly": "lower", "superiorly": "upper", "laterally": "outer", "medially": "inner", "anteriorly": "anterior", "posteriorly": "posterior",
}  # fmt: skip
_CHANGES = {
    "larger": "larger bigger grown grew growing growth increased increase increasing enlarged enlarging enlargement"
    " progressed progression progressive expanded",
    "smaller": "smaller shrunk shrunken shrank shrink shrinking decreased decrease decreasing regressed regression reduced"
    " reduction resolved resolving disappeared diminished",
    "stable": "stable|unchanged|not changed|has not changed|constant|same size|the same size|about as large as|as large as"
    "|similar in size|similar size|no change|no change in size|no significant change|no significant change in size"
    "|without change|without significant change|no interval change|no growth|no interval growth|has not grown"
    "|without interval change|not significantly changed|not grown|not appreciably changed|no appreciable change",
    "new": "new newly|de novo",
}
_PRIOR = (
    "prior previous previously before since earlier preceding former formerly baseline|last time|last study|last exam"
    "|last examination|at that time|used to|had been|in the past"
)
_VERSUS = "compared with|compared to|versus|as against|in comparison with|relative to|against|vs|in comparison to"
_UNMEASURED = (
    "whose size could not be measured|its size could not be measured|size could not be measured|could not be measured"
    "|which could not be measured|size not measured|not measured|size unknown|size is unknown|of unknown size"
    "|size not available|not measurable|unmeasurable|no size was measured|no measurement|no measurement is available"
    "|no size is available|no size available|no measured size|size was not measured|has not been measured|without a measured size"
    "|a size could not be measured|size cannot be given|no size could be measured|without measurement|without a measurement"
)
_NO = (
    "no not without never nor neither none absent free negative normal benign cannot unlikely non absence excludes excluded"
    " lacks lacking exclude unremarkable clear nothing"
)
_COUNTS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen several few couple multiple many
single double triple twice thrice once quarter first second third another additional further other pair solitary numerous
paired more only
"""
_BOUNDS = (
    "over above below under exceeding almost nearly minimum beyond|at least|at most|up to|more than|less than|greater than"
    "|smaller than|larger than|no more than|no less than|not more than|not less than|as much as|as little as|maximum of|minimum of|half of|twice"
)
_KINDS_OF_SIZE = {
    "mean diameter": "mean diameter|average diameter|mean axial diameter|average axial diameter|mean size|average size|mean|averages|average|averaging",
    "long axis": "long axis|long-axis|longest axis|long diameter|longest diameter|largest diameter|greatest diameter|maximum diameter"
    "|maximal diameter|longest dimension|largest dimension|greatest dimension|maximum dimension|long-axis diameter"
    "|maximum extent|greatest extent|major axis|longest extent|maximum|across at its widest|at its widest",
    "short axis": "short axis|short-axis|shortest diameter|smallest diameter|minor axis|minimum diameter|short-axis diameter",
    "radius": "radius",
    "circumference": "circumference",
}
_VIEWS = {
    "cc": "CC", "mlo": "MLO", "lm": "LM", "xccl": "XCCL", "xccm": "XCCM", "sio": "SIO", "lmo": "LMO", "ml view": "ML",
    "craniocaudal": "CC", "mediolateral oblique": "MLO", "mediolateral-oblique": "MLO", "cranio-caudal": "CC",
    "medio-lateral oblique": "MLO",
}  # fmt: skip
_PLAIN = """
a an and also as appearance appears appearing area at axes axis axial by can component containing contains comes computed correlate
current d demonstrate demonstrated demonstrates depicted depicts detected diameter diameters dimension dimensions displayed each
evident exam examination extend extending extends extent findings finding focus for has have having here identified image
images imaged in including includes indicated is are it its itself lesion lesions lies located localised localized location
lying mark marked marks measurement measurements measure measured measures measuring mm ml model near noted observed occupies
occupying of on part pictured place places position present projected projecting projects recorded recognised recognized region reported scan seen
series showed shown shows sided side site situated size sized so spanning spans study than that the there this through throughout visible visualised visualized
type view views volume we were was where when which whose with within zone ai is's covers covering stretching stretches reaches across
level wall thickness along respectively being been amounts amounting comprises comprising total totalling sits total's both's calculated then film projection plane harbours collection i see
estimated lobar abnormality software algorithm annotated highlighted flagged carries presents presenting total overall aspect radiograph mammogram ct head chest
estimate involving involves dimension's occurs tomography measurable corresponds corresponding place's given gives give shape described
"""


def _phrases(text: str) -> Iterable[str]:
    """Phrases between bars; a part in which there are none is single words."""
    return text.split("|") if "|" in text else text.split()


def _mixed(text: str) -> list[str]:
    """ "a b c|d e|f g": the first part single words, the rest phrases."""
    words, *phrases = text.split("|")
    return [*words.split(), *phrases]


@lru_cache(maxsize=1)
def english() -> Lexicon:
    """Phrase in lower case, words between single blanks → tags."""
    found: dict[str, Tags] = dict.fromkeys(_PLAIN.split(), ("",))
    found |= {word: (f"is:{SAME.get(word, word)}",) for word in _PLACES.split()}
    found |= {
        "chest wall": ("is:chest-wall",),
        "axillary tail": ("is:axilla", "is:tail"),
        "skull base": ("is:skull", "is:base"),
    }
    found |= {"axillary process": ("is:axilla", "is:tail"), "base of the skull": ("is:skull", "is:base")}
    found |= {word: (f"is:{kind}",) for word, kind in _KINDS.items()}
    found |= {word: tuple(f"is:{each}" for each in place.split()) for word, place in _SHORT.items()}
    found |= dict.fromkeys(_phrases(_UNMEASURED), ("unmeasured",))
    found |= dict.fromkeys(_NO.split(), ("no",))
    found |= dict.fromkeys(_COUNTS.split(), ("count",))
    found |= {phrase: ("bound",) for phrase in _mixed(_BOUNDS) if phrase not in ("above", "below", "twice")}
    found |= {"above": ("is:above", "bound"), "below": ("is:below", "bound"), "over": ("bound",)}
    for change, words in _CHANGES.items():
        phrases = _phrases(words) if change == "stable" else _mixed(words)
        found |= dict.fromkeys(phrases, (f"change:{change}",))
    found |= {"larger than": ("change:larger", "bound"), "smaller than": ("change:smaller", "bound")}
    found |= dict.fromkeys(_mixed(_PRIOR), ("prior",))
    found |= dict.fromkeys(_VERSUS.split("|"), ("versus",))
    for kind, words in _KINDS_OF_SIZE.items():
        found |= dict.fromkeys(words.split("|"), (f"kind:{kind}",))
    found |= {word: (f"view:{view}",) for word, view in _VIEWS.items()}
    found |= dict.fromkeys(("now", "currently", "today", "there is", "present study", "current study"), ("now",))
    found |= {"note is made of": ("",), "i.e": ("",)}
    found |= {"from": ("from",), "to": ("to",), "was": ("was",), "had": ("was",)}
    found |= {"slice": ("slice",), "slices": ("slice", "slices"), "axial slice": ("slice",), "axial image": ("slice",)}
    found |= {
        "axial slices": ("slice", "slices"),
        "contiguous slices": ("slice", "slices"),
        "consecutive slices": ("slice", "slices"),
    }
    found |= {
        "image number": ("slice",),
        "slice number": ("slice",),
        "sections": ("slice", "slices"),
        "section": ("slice",),
    }
    found |= dict.fromkeys(("solid component", "solid part", "solid portion"), ("component",))
    found |= dict.fromkeys(("about", "approximately", "around", "roughly", "circa", "ca"), ("about",))
    found |= dict.fromkeys(("category", "rads", "lung-rads", "bi-rads", "lungrads", "birads", "acr"), ("category",))
    found |= dict.fromkeys(("volume", "volumes"), ("needs:volume",))
    found |= dict.fromkeys(("over", "across", "spanning", "spans"), ("needs:extent",))
    found["over"] = ("needs:extent", "bound")
    found |= dict.fromkeys(("measuring", "measures", "measure", "measured"), ("needs:length",))
    found |= {"half": ("is:half", "count")}
    return found
