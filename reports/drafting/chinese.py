"""The words of a finding in Chinese, as radiologists write them; None where this table lacks one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reports.drafting.lexicon import IMPLIED
from reports.drafting.reading import read

KINDS = {
    "a solid nodule": "实性结节",
    "a part-solid nodule": "部分实性结节",
    "a ground-glass nodule": "磨玻璃结节",
    "a nodule": "结节",
    "a mass": "肿块",
    "a calcification": "钙化",
    "a group of calcifications": "成簇钙化",
    "an asymmetry": "不对称",
    "an architectural distortion": "结构扭曲",
    "haemorrhage": "出血",
    "intracranial haemorrhage": "颅内出血",
    "epidural haemorrhage": "硬膜外出血",
    "subdural haemorrhage": "硬膜下出血",
    "subarachnoid haemorrhage": "蛛网膜下腔出血",
    "intraparenchymal haemorrhage": "脑实质内出血",
    "intraventricular haemorrhage": "脑室内出血",
    "a finding": "病灶",
}
CHANGES = {"larger": "较前增大", "smaller": "较前缩小", "stable": "较前大小相仿"}
SIZE_KINDS = {"mean diameter": "平均直径", "long axis": "长径"}
_WHOLE = {
    "both hemispheres": "双侧大脑半球", "midline": "中线区", "level of the ventricles and basal ganglia": "脑室及基底节水平",
    "level of the skull base": "颅底水平", "level of the vertex": "颅顶水平", "level of the convexity": "凸面水平",
    "right lung": "右肺", "left lung": "左肺", "both lungs": "双肺", "both breasts": "双乳", "lingula": "左肺舌段", "cerebellum": "小脑",
    "axillary tail": "腋尾部", "apical segment": "尖段", "anterior segment": "前段", "posterior segment": "后段", "subpleural": "胸膜下",
    "perifissural": "叶间裂旁", "posterior": "后部", "anterior": "前部", "upper": "上部", "lower": "下部", "central": "中央区", "inner": "内侧", "outer": "外侧",
    "retroareolar": "乳晕后", "upper outer quadrant": "外上象限", "upper inner quadrant": "内上象限", "lower outer quadrant": "外下象限",
    "lower inner quadrant": "内下象限", "outer upper quadrant": "外上象限", "inner upper quadrant": "内上象限", "outer lower quadrant": "外下象限",
    "inner lower quadrant": "内下象限", "brainstem": "脑干", "apex": "肺尖",
}  # fmt: skip
_SIDES = {"right": "右侧", "left": "左侧", "both": "双侧", "bilateral": "双侧"}
_LUNG_SIDES = {"右侧": "右肺", "左侧": "左肺", "双侧": "双肺"}
_REST = {
    "upper lobe": "上叶", "middle lobe": "中叶", "lower lobe": "下叶", "upper lobes": "上叶", "lower lobes": "下叶", "frontal lobe": "额叶", "temporal lobe": "颞叶",
    "parietal lobe": "顶叶", "occipital lobe": "枕叶", "frontal region": "额部", "temporal region": "颞部", "parietal region": "顶部",
    "occipital region": "枕部", "basal ganglia": "基底节区", "thalamus": "丘脑", "pons": "脑桥", "hemisphere": "大脑半球", "hemispheres": "大脑半球", "cerebral hemisphere": "大脑半球",
    "cerebellar hemisphere": "小脑半球", "cerebellum": "小脑", "breast": "乳腺", "lung": "肺", "side": "", "hemithorax": "半侧胸廓",
    "lateral ventricle": "侧脑室", "insula": "岛叶", "falx": "大脑镰", "tentorium": "小脑幕", "axilla": "腋窝", "nipple": "乳头", "lungs": "肺",
    "breasts": "乳腺", "frontal convexity": "额部凸面", "parietal convexity": "顶部凸面", "temporal convexity": "颞部凸面", "hilum": "肺门",
    "convexity": "凸面", "frontal": "额部", "temporal": "颞部", "parietal": "顶部", "occipital": "枕部", "lingula": "肺舌段", "apex": "肺尖",
    "perihilar region": "肺门旁", "subdural": "硬膜下", "posterior fossa": "后颅窝",
    "lung apex": "肺尖", "lung base": "肺基底部", "upper": "上部", "lower": "下部", "anterior": "前部", "posterior": "后部", "chest wall": "胸壁",
}  # fmt: skip


def kind(phrase: str) -> str | None:
    return KINDS.get(phrase)


def place(english: str) -> str | None:
    """ "right upper lobe, posterior segment" → "右肺上叶后段". None where a clause has no known wording.

    Read back, it must state the same place; so a slip in the tables cannot move a finding.
    """
    parts: list[str] = []
    for clause in english.split(", "):
        words = _clause(re.sub(r"^(?:(?:in|on|at) )?(?:the )?", "", clause))
        if words is None:
            return None
        parts.append(words)
    text = parts[0]
    for part in parts[1:]:
        text += part if part.endswith(("象限", "段", "区", "部", "侧", "方向", "后")) else f"（{part}）"
    said, meant = read(text), read(english)
    stated = said.codes - IMPLIED - ({"left"} if "lingula" in said.codes else set())
    asked = meant.codes - IMPLIED - ({"left"} if "lingula" in meant.codes else set())
    return text if stated == asked and not said.problems else None


def _clause(clause: str) -> str | None:
    if clause in _WHOLE:
        return _WHOLE[clause]
    if hour := re.fullmatch(r"(?:at )?(\d{1,2}) o'clock", clause):
        return f"{hour[1]}点钟方向"
    side, _, rest = clause.partition(" ")
    if side not in _SIDES or rest not in _REST:
        return _REST.get(clause) or _SIDES.get(clause)
    sided, what = _SIDES[side], _REST[rest]
    if what in ("上叶", "中叶", "下叶"):
        return _LUNG_SIDES[sided] + what
    if what == "乳腺":
        return {"右侧": "右乳", "左侧": "左乳", "双侧": "双乳"}[sided]
    if what.startswith("肺"):
        return sided[0] + what
    return sided + what


def slots(english: Mapping[str, str], change: str | None) -> dict[str, str] | None:
    """The English slots of a finding in Chinese, the same ones; None where one cannot be said."""
    found: dict[str, str] = {}
    for name, words in english.items():
        said: str | None = words
        if name == "type":
            said = kind(words)
        elif name == "place":
            said = place(words)
        elif name == "volume":
            said = words.replace("about ", "约")
        elif name == "view":
            said = "和".join(f"{view}位" for view in re.findall(r"[A-Z]{2,4}", words))
        elif name == "slice":
            numbers = re.findall(r"\d+", words)
            said = f"第{'至'.join(numbers)}层"
        elif name == "extent":
            said = f"{words.split()[0]}个层面"
        elif name == "change":
            said = CHANGES.get(change or "")
        if said is None:
            return None
        found[name] = said
    return found
