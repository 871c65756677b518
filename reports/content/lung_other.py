"""What the report of a lung screening CT asks of juxtapleural nodules, airway nodules and cysts: fields and sentences.

No model tells these apart: a reader describes them after ACR Lung-RADS v2022, and the rule grades them
(`screening.rules.lung_rads_other`). A cavitary nodule, and a nodule in or beside a cyst, are marked as findings and
graded like any other; the most suspicious of all decides.
"""

from __future__ import annotations

from reports.content.fields import Code, Field, Line, Option, Rule, Words

W = Words
PLEURAL = ("perifissural", "costal", "mediastinal", "diaphragmatic")
CYSTS = ("unilocular", "multilocular")
FOLLOWED = ("stable", "decreased", "growing")
_NEW = Code("RADLEX", "RID5720", "New", False)
_STABLE = Code("RADLEX", "RID39268", "Unchanged", False)
_GROWING = Code("RADLEX", "RID36043", "Increased", False)

OTHER_FIELDS = (
    Field(
        "pleura",
        "nodules",
        W("Juxtapleural", "胸膜旁"),
        "single",
        (
            Option("no", W("no", "否")),
            Option("perifissural", W("perifissural", "叶间裂旁")),
            Option("costal", W("costal pleura", "肋胸膜"), W("at the costal pleura", "肋胸膜旁")),
            Option("mediastinal", W("mediastinal pleura", "纵隔胸膜"), W("perimediastinal", "纵隔旁")),
            Option("diaphragmatic", W("diaphragm", "膈"), W("peridiaphragmatic", "膈旁")),
        ),
        per_finding=True,
    ),
    Field(
        "margin",
        "nodules",
        W("Margin", "边缘"),
        "single",
        (
            Option("smooth", W("smooth", "光滑"), code=Code("SCT", "82280004", "Smooth")),
            Option("lobulated", W("lobulated", "分叶"), code=Code("RADLEX", "RID5711", "Lobulated margin", False)),
            Option("irregular", W("irregular", "不规则"), code=Code("SCT", "49608001", "Irregular")),
        ),
        when={"pleura": PLEURAL},
        per_finding=True,
    ),
    Field(
        "shape",
        "nodules",
        W("Shape", "形态"),
        "single",
        (
            Option("oval", W("oval", "卵圆形"), code=Code("SCT", "84360004", "Ovoid shape (Oval)")),
            Option("lentiform", W("lentiform", "透镜形")),
            Option("triangular", W("triangular", "三角形")),
            Option("round", W("round", "圆形"), code=Code("SCT", "42700002", "Round shape")),
            Option("irregular", W("irregular", "不规则形"), W("of irregular shape", "不规则形")),
        ),
        when={"pleura": PLEURAL},
        per_finding=True,
    ),
    Field(
        "at_cyst",
        "nodules",
        W("Part of the cyst", "属于囊腔"),
        "single",
        (
            Option("no", W("no", "否")),
            Option("inside", W("inside", "囊内"), W("inside the cyst", "位于囊腔内")),
            Option("outside", W("outside", "囊外"), W("outside the wall of the cyst", "位于囊壁外")),
        ),
        when={"cyst": CYSTS},
        per_finding=True,
    ),
    Field(
        "airway",
        "nodules",
        W("Airway nodule", "气道结节"),
        "single",
        (
            Option("none", W("none", "无")),
            Option("subsegmental", W("subsegmental", "亚段")),
            Option("segmental", W("segmental or central", "段或更近端"), W("segmental or more proximal", "段或更近端")),
            Option("air", W("with air inside", "内含气体")),
        ),
    ),
    Field(
        "airway_change",
        "nodules",
        W("Airway nodule is", "气道结节变化"),
        "single",
        (
            Option("baseline", W("at baseline", "基线")),
            Option("new", W("new", "新发"), code=_NEW),
            Option("stable", W("stable", "稳定"), code=_STABLE),
            Option("growing", W("growing", "增大"), code=_GROWING),
        ),
        when={"airway": ("subsegmental", "segmental")},
    ),
    Field(
        "airway_mm",
        "nodules",
        W("Airway nodule, mean diameter", "气道结节平均直径"),
        "number",
        unit="mm",
        low=0.5,
        high=60.0,
        digits=1,
        when={"airway": ("subsegmental",), "airway_change": ("growing",)},
        measured=True,
    ),
    Field(
        "cyst",
        "nodules",
        W("Cyst", "囊腔"),
        "single",
        (
            Option("none", W("none", "无")),
            Option("unilocular", W("unilocular", "单房")),
            Option("multilocular", W("multilocular", "多房")),
            Option("unclassified", W("multiple or fluid-filled", "多发或含液")),
        ),
        code=Code("SCT", "367643001", "Cyst"),
    ),
    Field(
        "cyst_lobe",
        "nodules",
        W("Cyst lies in", "囊腔位置"),
        "single",
        (
            Option(
                "RUL",
                W("right upper lobe", "右肺上叶"),
                code=Code("SCT", "42400003", "Upper lobe of right lung", False),
            ),
            Option("RML", W("middle lobe", "右肺中叶"), code=Code("SCT", "72481006", "Middle lobe of right lung")),
            Option(
                "RLL",
                W("right lower lobe", "右肺下叶"),
                code=Code("SCT", "266005", "Lower lobe of right lung", False),
            ),
            Option(
                "LUL",
                W("left upper lobe", "左肺上叶"),
                code=Code("SCT", "44714003", "Structure of upper lobe of left lung"),
            ),
            Option(
                "LLL",
                W("left lower lobe", "左肺下叶"),
                code=Code("SCT", "41224006", "Lower lobe of left lung", False),
            ),
        ),
        when={"cyst": CYSTS},
    ),
    Field(
        "cyst_mm",
        "nodules",
        W("Cyst, mean diameter", "囊腔平均直径"),
        "number",
        unit="mm",
        low=1.0,
        high=200.0,
        digits=1,
        when={"cyst": CYSTS},
        measured=True,
    ),
    Field(
        "cyst_wall_mm",
        "nodules",
        W("Thickest wall", "囊壁最厚处"),
        "number",
        unit="mm",
        low=0.1,
        high=50.0,
        digits=1,
        when={"cyst": CYSTS},
        measured=True,
    ),
    Field(
        "cyst_change",
        "nodules",
        W("Cyst is", "囊腔变化"),
        "single",
        (
            Option("baseline", W("at baseline", "基线")),
            Option("new", W("new", "新发"), code=_NEW),
            Option("stable", W("stable", "稳定"), code=_STABLE),
            Option("decreased", W("smaller", "缩小"), code=Code("RADLEX", "RID36044", "Decreased", False)),
            Option("growing", W("growing", "增大"), code=_GROWING),
        ),
        when={"cyst": CYSTS},
    ),
    Field(
        "cyst_since",
        "nodules",
        W("Since the earlier CT", "较前变化"),
        "multi",
        (
            Option(
                "wall",
                W("wall or nodularity grew", "囊壁或结节样增厚进展"),
                W("growing wall or nodularity", "囊壁或结节样增厚进展"),
            ),
            Option("became", W("became multilocular", "变为多房"), W("now multilocular", "现为多房")),
            Option("loculi", W("more loculi", "分房增多")),
            Option("opacity", W("new or increased opacity", "新发或增多的密度增高影")),
        ),
        when={"cyst": CYSTS, "cyst_change": FOLLOWED},
    ),
    Field(
        "cyst_before",
        "nodules",
        W("Cyst before, Lung-RADS", "囊腔既往 Lung-RADS"),
        "single",
        (
            Option("3", W("3", "3")),
            Option("4A", W("4A", "4A")),
            Option("4B", W("4B", "4B")),
        ),
        when={"cyst": CYSTS, "cyst_change": ("stable", "decreased")},
    ),
    Field(
        "cyst_months",
        "nodules",
        W("Months since that CT", "距该次 CT 月数"),
        "number",
        unit="mo",
        low=1.0,
        high=240.0,
        when={"cyst": CYSTS, "cyst_change": ("stable", "decreased")},
    ),
)
_CYST = W(
    "{cyst} cyst[ in the {cyst_lobe}][, mean diameter {cyst_mm} mm][, wall up to {cyst_wall_mm} mm thick][, {cyst_change}]"
    "[; since the earlier CT {cyst_since}].",
    "[{cyst_lobe}]{cyst}囊腔[，平均直径 {cyst_mm} mm][，囊壁最厚 {cyst_wall_mm} mm][，{cyst_change}][；较前{cyst_since}]。",
)
OTHER_LINES = (
    Line(
        "pleura",
        "nodules",
        (
            Rule(
                W(
                    "Nodule {n} is juxtapleural: {pleura}[, {margin}][, {shape}].",
                    "结节 {n} 为胸膜旁结节：{pleura}[，边缘{margin}][，{shape}]。",
                ),
                {"pleura": PLEURAL},
            ),
        ),
        per_finding=True,
    ),
    Line(
        "at_cyst",
        "nodules",
        (Rule(W("Nodule {n} lies {at_cyst}.", "结节 {n} {at_cyst}。"), {"at_cyst": ("inside", "outside")}),),
        per_finding=True,
    ),
    Line(
        "airway",
        "nodules",
        (
            Rule(W("No airway nodule.", "未见气道结节。"), {"airway": ("none",)}),
            Rule(
                W("Airway abnormality with air inside, which favours secretions.", "气道异常，内含气体，倾向分泌物。"),
                {"airway": ("air",)},
            ),
            Rule(
                W(
                    "{airway} airway nodule[ of {airway_mm} mm][, {airway_change}].",
                    "{airway}气道结节[，{airway_mm} mm][，{airway_change}]。",
                )
            ),
        ),
    ),
    Line(
        "cyst",
        "nodules",
        (
            Rule(W("No atypical cyst.", "未见非典型囊腔。"), {"cyst": ("none",)}),
            Rule(
                W(
                    "Multiple or fluid-filled cysts, which Lung-RADS does not classify.",
                    "多发或含液囊腔，Lung-RADS 不予分类。",
                ),
                {"cyst": ("unclassified",)},
            ),
            Rule(_CYST),
        ),
    ),
)
