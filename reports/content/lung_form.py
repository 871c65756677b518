"""What the report of a lung screening CT asks for: the fields, and the sentences that their answers write."""

from __future__ import annotations

from reports.content.fields import Code, Field, Line, Option, Rule, Words
from reports.content.lung_other import OTHER_FIELDS, OTHER_LINES
from screening.rules.lung_rads import INCOMPLETE, MANAGEMENT

W = Words
_YES_NO = (
    Option("no", W("no", "无"), code=Code("SCT", "272519000", "Absent")),
    Option("yes", W("yes", "有"), code=Code("SCT", "52101004", "Present")),
)
_GRADES = (
    Option("none", W("none", "无")),
    Option("mild", W("mild", "轻度")),
    Option("moderate", W("moderate", "中度")),
    Option("severe", W("severe", "重度")),
)
# Category → words, RadLex code (from published profiles, so to be checked), the advice that follows.
_CATEGORIES: tuple[tuple[str, Words, str, str], ...] = (
    ("0", W("incomplete", "评估不完整"), "RID50135", "complete"),
    ("1", W("negative", "阴性"), "RID50136", "months_12"),
    ("2", W("benign", "良性"), "RID50137", "months_12"),
    ("3", W("probably benign", "可能良性"), "RID50138", "months_6"),
    ("4A", W("suspicious", "可疑"), "RID50139", "months_3"),
    ("4B", W("very suspicious", "高度可疑"), "RID50140", "refer"),
    ("4X", W("very suspicious, with additional features", "高度可疑，伴附加征象"), "RID50141", "refer"),
)
SOURCE = "lung-rads-v2022"
# The origin that a draft gives to what follows from the rule.
DRAFTED = f"rule:{SOURCE}"
FOLLOWS = {category: follows for category, _words, _code, follows in _CATEGORIES}

FIELDS = (
    Field(
        "nodules",
        "nodules",
        W("Nodules", "结节"),
        "single",
        _YES_NO,
        code=Code("RADLEX", "RID50149", "Pulmonary nodule", False),
        required=True,
    ),
    Field(
        "benign",
        "nodules",
        W("Benign pattern", "良性特征"),
        "single",
        (
            Option("complete", W("complete calcification", "完全钙化")),
            Option("central", W("central calcification", "中心钙化")),
            Option("popcorn", W("popcorn calcification", "爆米花样钙化")),
            Option("concentric", W("concentric calcification", "同心圆样钙化")),
            Option("fat", W("fat", "脂肪")),
        ),
        per_finding=True,
    ),
    Field(
        "suspicious",
        "nodules",
        W("Suspicious features", "可疑征象"),
        "multi",
        (
            Option("spiculation", W("spiculation", "毛刺"), code=Code("DCM", "112136", "Spiculated")),
            Option("lymphadenopathy", W("lymphadenopathy", "淋巴结肿大")),
            Option("metastasis", W("metastasis", "转移")),
            Option(
                "doubled",
                W("doubled within a year", "一年内倍增"),
                W("doubling in size within a year", "一年内体积倍增"),
            ),
        ),
        per_finding=True,
    ),
    *OTHER_FIELDS,
    Field("emphysema", "lungs_and_pleura", W("Emphysema", "肺气肿"), "single", _GRADES),
    Field("coronary", "other_findings", W("Coronary calcium", "冠脉钙化"), "single", _GRADES),
    Field("significant", "other_findings", W("Significant other finding (S)", "其他重要发现（S）"), "single", _YES_NO),
    Field(
        "incomplete",
        "assessment",
        W("Incomplete because", "不完整原因"),
        "single",
        (
            Option("none", W("complete", "完整")),
            Option(
                "prior_being_located",
                W("prior awaited", "等待既往片"),
                W(INCOMPLETE["prior_being_located"], "正在调取既往胸部 CT 以便比较"),
            ),
            Option(
                "lungs_not_evaluated",
                W("lungs not evaluated", "肺部未能评估"),
                W(INCOMPLETE["lungs_not_evaluated"], "部分或全部肺部无法评估"),
            ),
            Option("infection", W("infection likely", "可能感染"), W(INCOMPLETE["infection"], "表现提示炎症或感染")),
        ),
    ),
    Field(
        "category",
        "assessment",
        W("Lung-RADS", "Lung-RADS"),
        "computed",
        tuple(
            Option(
                category,
                W(category, category),
                W(f"{category}: {words.en}", f"{category}：{words.zh}"),
                Code("RADLEX", code, f"Lung-RADS {category}", False),
            )
            for category, words, code, _follows in _CATEGORIES
        ),
        code=Code("RADLEX", "RID50134", "Lung-RADS assessment", False),
        required=True,
        reads=(r"Lung-RADS(?: category| 类别)?[:：]? ?(4A|4B|4X|[0-3])(?![0-9])",),
    ),
    Field(
        "advice",
        "recommendation",
        W("Recommendation", "建议"),
        "computed",
        (
            Option(
                "months_12", W("LDCT in 12 months", "12 个月后 LDCT"), W(MANAGEMENT["1"].text, "12 个月后低剂量 CT。")
            ),
            Option("months_6", W("LDCT in 6 months", "6 个月后 LDCT"), W(MANAGEMENT["3"].text, "6 个月后低剂量 CT。")),
            Option(
                "months_3",
                W("LDCT in 3 months", "3 个月后 LDCT"),
                W(MANAGEMENT["4A"].text, "3 个月后低剂量 CT；实性成分达 8 mm（268 mm³）或以上者可考虑 PET/CT。"),
            ),
            Option(
                "refer",
                W("referral", "转诊"),
                W(
                    MANAGEMENT["4B"].text,
                    "转诊作进一步临床评估；可考虑胸部诊断性 CT（平扫或增强）、PET/CT（实性成分达 8 mm 或以上）及组织取样。",
                ),
            ),
            Option(
                "complete",
                W("complete first", "先完成评估"),
                W(
                    MANAGEMENT["0"].text,
                    "完成评估：按原因与既往胸部 CT 比较、补充扫描，或 1 至 3 个月后复查低剂量 CT。",
                ),
            ),
        ),
    ),
)
LINES = (
    Line("nodules", "nodules", (Rule(W("No pulmonary nodule.", "未见肺结节。"), {"nodules": ("no",)}),)),
    Line(
        "character",
        "nodules",
        (
            Rule(
                W(
                    "Nodule {n}: {benign}, a benign pattern[; also {suspicious}].",
                    "结节 {n}：{benign}，良性特征[；另见{suspicious}]。",
                )
            ),
            Rule(W("Nodule {n}: {suspicious}, which raises suspicion.", "结节 {n}：{suspicious}，可疑程度增加。")),
        ),
        per_finding=True,
    ),
    *OTHER_LINES,
    Line(
        "emphysema",
        "lungs_and_pleura",
        (
            Rule(W("No emphysema.", "未见肺气肿。"), {"emphysema": ("none",)}),
            Rule(W("{emphysema} emphysema.", "{emphysema}肺气肿。")),
        ),
    ),
    Line(
        "coronary",
        "other_findings",
        (
            Rule(W("No coronary artery calcification.", "未见冠状动脉钙化。"), {"coronary": ("none",)}),
            Rule(W("{coronary} coronary artery calcification.", "{coronary}冠状动脉钙化。")),
        ),
    ),
    Line(
        "category",
        "assessment",
        (
            Rule(
                W(
                    "Lung-RADS {category:value}S: S for a significant other finding.",
                    "Lung-RADS {category:value}S：S 表示其他重要发现。",
                ),
                {"significant": ("yes",)},
            ),
            Rule(
                W("Lung-RADS {category}: {incomplete}.", "Lung-RADS {category}：{incomplete}。"),
                {"category": ("0",), "incomplete": tuple(INCOMPLETE)},
            ),
            Rule(W("Lung-RADS {category}.", "Lung-RADS {category}。")),
        ),
        drafted=DRAFTED,
    ),
    Line("advice", "recommendation", (Rule(W("{advice}", "{advice}")),), drafted=DRAFTED),
)
