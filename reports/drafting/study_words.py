"""The fixed sentences about a study, word for word, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reports.content import ReportContent


@dataclass(frozen=True)
class StudyWords:
    """One language's sentences. `{}` holds what the input gives; the two `category` ones end before the full stop."""

    stop: str
    listed: str
    incomplete: str
    unread: Mapping[str, str]
    why: str
    read_in_full: str
    below: str
    above: str
    unmarked_above: str
    unmarked_unknown: str
    unmarked_incomplete: str
    category: str
    category_incomplete: str
    by_rule: str
    by_measurements: str
    rule: str
    complete_first: str
    band: str
    composition: str
    compared: str
    paired: str
    marked: str
    nothing: str
    nouns: Mapping[str, str] = field(default_factory=dict)
    techniques: Mapping[str, str] = field(default_factory=dict)
    compositions: Mapping[str, str] = field(default_factory=dict)
    management: Mapping[str, str] = field(default_factory=dict)

    def noun(self, content: ReportContent) -> str:
        return self.nouns.get(content.noun, content.noun)

    def technique(self, content: ReportContent) -> str:
        return self.techniques.get(content.technique, content.technique)

    def advice(self, content: ReportContent, category: str) -> str:
        """One sentence, "" where the programme's rule advises nothing."""
        english = content.management.get(category, "")
        return self.management.get(english, english)

    def composed(self, content: ReportContent, code: str) -> str:
        return self.compositions.get(content.composition[code], content.composition[code])


ENGLISH = StudyWords(
    stop=".",
    listed="; ",
    incomplete="Assessment incomplete",
    unread={
        "refused": "The AI did not read this study",
        "failed": "The AI could not finish reading this study",
        "pending": "The AI has yet to read this study",
        "out_of_scope": "The AI did not read this study, which is outside its programmes",
        "unknown": "The AI did not read this study, as far as its record says",
    },
    why=": ",
    read_in_full="All images need to be read in full by a person.",
    below="The score of the study is below the model's threshold.",
    above="The score of the study is above the model's threshold.",
    unmarked_above="The model marked no single place; the images need to be read with this in mind.",
    unmarked_unknown="The model marked no place, and its record does not say how its score lies to its threshold.",
    unmarked_incomplete="The model marked no place in what it could read.",
    category="{scheme} category {category}",
    category_incomplete=", incomplete",
    by_rule=", by rule",
    by_measurements=", by rule from the measurements",
    rule="Rule: {}.",
    complete_first="Complete the assessment before a follow-up interval is chosen.",
    band="The model's suspicion band is {}; this is a suggestion and no assessment category.",
    composition="Breast composition, suggested by the model: {}, {}.",
    compared="Compared with the study of {}.",
    paired="Which finding is which on that study is the model's own match, unconfirmed.",
    marked="Every place the model marked needs the reader's judgement.",
    nothing="No {} above the model's threshold was found.",
)
CHINESE = StudyWords(
    stop="。",
    listed="；",
    incomplete="评估不完整",
    unread={
        "refused": "AI未阅读本检查",
        "failed": "AI未能完成本检查的阅读",
        "pending": "AI尚未阅读本检查",
        "out_of_scope": "AI未阅读本检查，本检查不属于其适用项目",
        "unknown": "据记录AI未阅读本检查",
    },
    why="：",
    read_in_full="全部图像须由医师完整阅片。",
    below="本检查评分低于模型阈值。",
    above="本检查评分高于模型阈值。",
    unmarked_above="模型未标出具体位置，阅片时请注意。",
    unmarked_unknown="模型未标出位置，记录未说明其评分与阈值的关系。",
    unmarked_incomplete="模型在可阅读的范围内未标出位置。",
    category="{scheme} {category}类",
    category_incomplete="，不完整",
    by_rule="，依规则得出",
    by_measurements="，依测量值按规则得出",
    rule="规则：{}。",
    complete_first="请先完成评估，再确定随访间隔。",
    band="模型可疑度分级为{}级；仅为提示，并非评估分类。",
    composition="模型提示的乳腺构成：{}，{}。",
    compared="与{}的检查对比。",
    paired="病灶与该次检查的对应关系由模型自行配对，未经确认。",
    marked="模型标出的每一处均须由阅片医师判断。",
    nothing="未见高于模型阈值的{}。",
    nouns={"nodule": "结节", "mass": "肿块", "haemorrhage": "出血", "finding": "病灶"},
    techniques={"CT of the chest.": "胸部CT。", "CT of the head.": "头颅CT。", "Mammography.": "乳腺X线摄影。"},
    compositions={
        "almost entirely fatty": "几乎全部为脂肪组织",
        "scattered areas of fibroglandular density": "散在纤维腺体组织",
        "heterogeneously dense, which may obscure small masses": "不均匀致密，可能掩盖小肿块",
        "extremely dense, which lowers the sensitivity of mammography": "极度致密，降低乳腺X线摄影的敏感性",
    },
    management={
        "Complete the assessment: compare with prior chest CT, acquire additional images, or repeat low-dose CT "
        "in 1 to 3 months, as the cause requires.": "请完成评估：视原因与既往胸部CT对比、补充扫描或1至3个月后复查低剂量CT。",
        "Low-dose CT in 12 months.": "12个月后复查低剂量CT。",
        "Low-dose CT in 6 months.": "6个月后复查低剂量CT。",
        "Low-dose CT in 3 months; PET/CT may be considered if the solid part is 8 mm (268 mm³) or more.": "3个月后复查低剂量CT；实性成分≥8 mm（268 mm³）时可考虑PET/CT。",
        "Refer for further clinical evaluation; diagnostic chest CT with or without contrast, PET/CT if the solid part is "
        "8 mm or more, and tissue sampling may be considered.": "转诊作进一步临床评估；可考虑胸部CT平扫或增强，实性成分≥8 mm时PET/CT，以及组织取样。",
    },
)
WORDS: Mapping[str, StudyWords] = {"en": ENGLISH, "zh": CHINESE}


def words_in(language: str) -> StudyWords:
    """The sentences of a language, English for one that has none."""
    return WORDS.get(language, ENGLISH)
