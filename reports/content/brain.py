"""Report of a CT of the head, read first for haemorrhage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.content.fields import Code, Computed, Field, Line, Option, Rule, Values, Words
from reports.content.schema import ReportContent, Section
from reports.content.standing import whether_any_stands

W = Words
BLEED = {"haemorrhage": ("yes",)}

FIELDS = (
    Field(
        "haemorrhage",
        "findings",
        W("Haemorrhage", "出血"),
        "single",
        (
            Option("no", W("no", "无"), code=Code("SCT", "272519000", "Absent")),
            Option("yes", W("yes", "有"), code=Code("SCT", "52101004", "Present")),
            Option("unclear", W("cannot be told", "无法判断"), code=Code("SCT", "373068000", "Undetermined")),
        ),
        code=Code("SCT", "1386000", "Intracranial hemorrhage"),
        required=True,
    ),
    Field(
        "type",
        "findings",
        W("Type", "类型"),
        "multi",
        (
            Option("epidural", W("epidural", "硬膜外"), code=Code("SCT", "82999001", "Epidural hemorrhage", False)),
            Option("subdural", W("subdural", "硬膜下"), code=Code("SCT", "35486000", "Subdural hemorrhage", False)),
            Option(
                "subarachnoid",
                W("subarachnoid", "蛛网膜下腔"),
                code=Code("SCT", "21454007", "Subarachnoid hemorrhage", False),
            ),
            Option(
                "intraparenchymal",
                W("intraparenchymal", "脑实质内"),
                code=Code("SCT", "274100004", "Cerebral hemorrhage", False),
            ),
            Option(
                "intraventricular",
                W("intraventricular", "脑室内"),
                code=Code("SCT", "23276006", "Intraventricular hemorrhage", False),
            ),
        ),
        required=True,
        when=BLEED,
    ),
    Field(
        "place",
        "findings",
        W("Place", "部位"),
        "single",
        (
            Option(
                "frontal",
                W("frontal lobe", "额叶"),
                W("in the frontal lobe", "额叶"),
                Code("SCT", "83251001", "Frontal lobe"),
            ),
            Option(
                "parietal",
                W("parietal lobe", "顶叶"),
                W("in the parietal lobe", "顶叶"),
                Code("SCT", "16630005", "Parietal lobe"),
            ),
            Option("temporal", W("temporal lobe", "颞叶"), W("in the temporal lobe", "颞叶")),
            Option(
                "occipital",
                W("occipital lobe", "枕叶"),
                W("in the occipital lobe", "枕叶"),
                Code("SCT", "31065004", "Occipital lobe"),
            ),
            Option(
                "deep",
                W("basal ganglia, thalamus", "基底节、丘脑"),
                W("in the basal ganglia or thalamus", "基底节或丘脑"),
            ),
            Option("cerebellum", W("cerebellum", "小脑"), W("in the cerebellum", "小脑")),
            Option(
                "brainstem",
                W("brainstem", "脑干"),
                W("in the brainstem", "脑干"),
                Code("SCT", "119238007", "Brain stem"),
            ),
            Option(
                "ventricles",
                W("ventricles", "脑室"),
                W("in the ventricles", "脑室"),
                Code("SCT", "35764002", "Brain ventricle"),
            ),
            Option("convexity", W("convexity", "凸面"), W("over the convexity", "凸面")),
            Option(
                "falx", W("falx, tentorium", "大脑镰、小脑幕"), W("along the falx or tentorium", "大脑镰或小脑幕旁")
            ),
            Option("cisterns", W("basal cisterns", "基底池"), W("in the basal cisterns", "基底池")),
        ),
        required=True,
        when=BLEED,
    ),
    Field(
        "side",
        "findings",
        W("Side", "侧别"),
        "single",
        (
            Option("right", W("right", "右"), W("on the right", "右侧"), Code("SCT", "24028007", "Right")),
            Option("left", W("left", "左"), W("on the left", "左侧"), Code("SCT", "7771000", "Left")),
            Option("both", W("both", "双侧"), W("on both sides", "双侧"), Code("SCT", "51440002", "Bilateral")),
            Option("midline", W("midline", "中线"), W("in the midline", "中线")),
        ),
        when=BLEED,
    ),
    Field(
        "volume_ml",
        "findings",
        W("Volume", "体积"),
        "number",
        code=Code("SCT", "118565006", "Volume"),
        unit="ml",
        low=0.1,
        high=500.0,
        digits=1,
        when=BLEED,
        reads=(r"(\d+(?:\.\d+)?) ?mL",),
    ),
    Field(
        "midline_shift",
        "ventricles_and_midline",
        W("Midline shift", "中线移位"),
        "number",
        unit="mm",
        low=0.0,
        high=40.0,
        digits=1,
        required=True,
        reads=(r"shift of (\d+(?:\.\d+)?) ?mm", r"移位 ?(\d+(?:\.\d+)?) ?mm"),
    ),
    Field(
        "shift_towards",
        "ventricles_and_midline",
        W("Towards", "移向"),
        "single",
        (
            Option("right", W("right", "右"), W("right", "右"), Code("SCT", "24028007", "Right")),
            Option("left", W("left", "左"), W("left", "左"), Code("SCT", "7771000", "Left")),
        ),
        when={"midline_shift": (">0",)},
    ),
    Field(
        "hydrocephalus",
        "ventricles_and_midline",
        W("Hydrocephalus", "脑积水"),
        "single",
        (
            Option("no", W("no", "无"), code=Code("SCT", "272519000", "Absent")),
            Option("yes", W("yes", "有"), code=Code("SCT", "52101004", "Present")),
        ),
        required=True,
    ),
    Field(
        "advice",
        "recommendation",
        W("Recommendation", "建议"),
        "single",
        (
            Option("none", W("none", "无"), W("No further imaging.", "无需进一步影像检查。")),
            Option(
                "neurosurgery", W("neurosurgery", "神经外科"), W("Neurosurgical opinion now.", "请神经外科立即会诊。")
            ),
            Option(
                "repeat_ct",
                W("repeat CT", "复查 CT"),
                W("Repeat CT of the head as the clinic requires.", "按临床需要复查头颅 CT。"),
            ),
            Option("angiography", W("CT angiography", "CT 血管成像"), W("CT angiography.", "建议行 CT 血管成像。")),
            Option("mri", W("MRI", "MRI"), W("MRI of the brain.", "建议行颅脑 MRI。")),
        ),
    ),
)

LINES = (
    Line(
        "haemorrhage",
        "findings",
        (
            Rule(W("No intracranial haemorrhage.", "未见颅内出血。"), {"haemorrhage": ("no",)}),
            Rule(
                W("Whether there is an intracranial haemorrhage cannot be told.", "能否除外颅内出血无法判断。"),
                {"haemorrhage": ("unclear",)},
            ),
            Rule(
                W(
                    "{type} haemorrhage[ {place}][ {side}][, about {volume_ml} mL].",
                    "[{side}][{place}]{type}出血[，约 {volume_ml} mL]。",
                ),
                {"haemorrhage": ("yes",), "type": ("*",)},
            ),
            Rule(
                W(
                    "Intracranial haemorrhage[ {place}][ {side}][, about {volume_ml} mL].",
                    "[{side}][{place}]颅内出血[，约 {volume_ml} mL]。",
                ),
                {"haemorrhage": ("yes",)},
            ),
        ),
        of_finding=True,
    ),
    Line(
        "hydrocephalus",
        "ventricles_and_midline",
        (
            Rule(W("Ventricles of normal size.", "脑室大小正常。"), {"hydrocephalus": ("no",)}),
            Rule(W("Hydrocephalus.", "脑积水。"), {"hydrocephalus": ("yes",)}),
        ),
    ),
    Line(
        "shift",
        "ventricles_and_midline",
        (
            Rule(
                W(
                    "Midline shift of {midline_shift} mm[ to the {shift_towards}].",
                    "中线[向{shift_towards}侧]移位 {midline_shift} mm。",
                ),
                {"midline_shift": (">0",)},
            ),
            Rule(W("No midline shift.", "中线无移位。"), {"midline_shift": ("*",)}),
        ),
    ),
    Line("advice", "recommendation", (Rule(W("{advice}", "{advice}")),)),
)
TYPES = {f"{each.value}_haemorrhage": each.value for each in FIELDS[1].options}


def prefill(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a marked haemorrhage states. Nothing marked states nothing: below a threshold is not absent."""
    findings = [each for each in result.get("findings") or () if isinstance(each, Mapping)]
    if not findings:
        return {}
    stated: dict[str, Any] = {"haemorrhage": "yes"}
    types = [TYPES[str(each.get("type"))] for each in findings if str(each.get("type")) in TYPES]
    if types:
        stated["type"] = list(dict.fromkeys(types))
    if len(findings) == 1:
        attributes = findings[0].get("attributes") or {}
        stated |= {"side": attributes.get("side"), "volume_ml": attributes.get("volume_ml")}
    return stated


def compute(
    _values: Values, findings: Sequence[Mapping[str, Any]], _result: Mapping[str, Any]
) -> Mapping[str, Computed]:
    """Only whether a haemorrhage that the AI marked still stands: what it is, and what follows, a reader says."""
    there = whether_any_stands(findings, "haemorrhage")
    return {"haemorrhage": there} if there.withdraws else {}


CONTENT = ReportContent(
    programme="brain",
    title="CT of the head",
    sections=(
        Section("technique", "Technique"),
        Section("comparison", "Comparison", required=False),
        Section("findings", "Haemorrhage"),
        Section("ventricles_and_midline", "Ventricles and midline"),
        Section("other", "Other findings", required=False),
        Section("impression", "Impression"),
        Section("recommendation", "Recommendation", required=False),
    ),
    findings_section="findings",
    assessment_section="impression",
    recommendation_section="recommendation",
    comparison_section="comparison",
    noun="haemorrhage",
    types={
        "haemorrhage": "haemorrhage",
        "hemorrhage": "haemorrhage",
        "intracranial_haemorrhage": "intracranial haemorrhage",
        "epidural_haemorrhage": "epidural haemorrhage",
        "subdural_haemorrhage": "subdural haemorrhage",
        "subarachnoid_haemorrhage": "subarachnoid haemorrhage",
        "intraparenchymal_haemorrhage": "intraparenchymal haemorrhage",
        "intraventricular_haemorrhage": "intraventricular haemorrhage",
    },
    size_kind="long axis",
    technique="CT of the head.",
    normal={
        "technique": "CT of the head without contrast.",
        "findings": "No intracranial haemorrhage.",
        "ventricles_and_midline": "Ventricles of normal size. No midline shift.",
        "other": "Grey and white matter well differentiated. No fracture.",
        "impression": "Normal CT of the head.",
    },
    normal_zh={
        "technique": "头颅 CT 平扫。",
        "findings": "未见颅内出血。",
        "ventricles_and_midline": "脑室大小正常。 中线无移位。",
        "other": "灰白质分界清楚。 未见骨折。",
        "impression": "头颅 CT 未见异常。",
    },
    schema="brain-1",
    fields=FIELDS,
    lines=LINES,
    normal_answers={"haemorrhage": "no", "midline_shift": 0.0, "hydrocephalus": "no"},
    prefill=prefill,
    compute=compute,
)
