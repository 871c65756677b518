"""The same dictionary for Chinese, where a sentence is read by the longest phrase at each place."""

from __future__ import annotations

from functools import lru_cache

from reports.drafting.lexicon import Lexicon, Tags

_IS = {
    # sides
    "右": "right", "右侧": "right", "左": "left", "左侧": "left", "双": "both", "双侧": "both", "两侧": "both", "右边": "right", "左边": "left",
    # lung
    "肺": "lung", "肺内": "lung", "上叶": "upper lobe", "中叶": "middle lobe", "下叶": "lower lobe", "叶": "lobe", "舌叶": "lingula", "舌段": "lingula",
    "上肺": "upper lobe", "中肺": "middle lobe", "下肺": "lower lobe",
    "肺尖段": "lung apical segment", "肺尖后段": "lung apicoposterior segment",
    "尖段": "apical segment", "尖后段": "apicoposterior segment", "前段": "anterior segment", "后段": "posterior segment", "肺尖": "apex lung", "尖部": "apical",
    "背段": "upper segment", "上段": "upper segment", "下段": "lower segment", "外段": "outer segment", "内段": "inner segment", "外侧段": "outer segment", "内侧段": "inner segment",
    "基底段": "base segment", "段": "segment", "肺门": "hilum", "肺门旁": "perihilar", "胸膜": "pleura", "胸膜下": "subpleural", "近胸膜": "juxtapleural",
    "叶间裂旁": "perifissural", "叶间裂": "fissure", "基底部": "base", "半侧胸廓": "hemithorax", "胸壁": "chest-wall", "前内侧": "anteromedial",
    # breast
    "乳": "breast", "乳腺": "breast", "乳房": "breast", "外上象限": "upper outer quadrant", "内上象限": "upper inner quadrant",
    "外下象限": "lower outer quadrant", "内下象限": "lower inner quadrant", "上象限": "upper quadrant", "下象限": "lower quadrant",
    "外象限": "outer quadrant", "内象限": "inner quadrant", "象限": "quadrant", "乳晕后": "retroareolar", "乳晕下": "retroareolar", "乳头": "nipple",
    "腋尾": "axilla tail", "腋尾部": "axilla tail", "腋窝": "axilla", "中央": "central", "中央区": "central",
    # head
    "半球": "hemisphere", "大脑半球": "cerebral hemisphere", "小脑半球": "cerebellum hemisphere", "大脑": "cerebral", "中线": "midline",
    "小脑": "cerebellum", "额叶": "frontal lobe", "颞叶": "temporal lobe", "顶叶": "parietal lobe", "枕叶": "occipital lobe", "额": "frontal",
    "颞": "temporal", "顶": "parietal", "枕": "occipital", "额部": "frontal", "颞部": "temporal", "顶部": "parietal", "枕部": "occipital", "脑干": "brainstem",
    "脑桥": "pons", "桥脑": "pons", "丘脑": "thalamus", "基底节": "basal ganglia", "基底节区": "basal ganglia", "脑室": "ventricle", "侧脑室": "outer ventricle",
    "岛叶": "insula", "脑岛": "insula", "大脑镰": "falx", "小脑幕": "tentorium", "颅窝": "fossa", "后颅窝": "posterior fossa", "前颅窝": "anterior fossa",
    "凸面": "convexity", "硬膜下": "subdural", "硬膜外": "epidural", "蛛网膜下腔": "subarachnoid", "蛛网膜下": "subarachnoid",
    "脑室内": "intraventricular", "脑室积血": "intraventricular haemorrhage", "积血": "haemorrhage", "脑室上": "above ventricle", "脑室上方": "above ventricle", "脑实质内": "intraparenchymal", "脑实质": "intraparenchymal", "脑内": "intraparenchymal", "脑外": "extra-axial", "蚓部": "vermis", "脑沟": "sulcus",
    "脑池": "cistern", "颅骨": "skull", "颅底": "skull base", "颅顶": "vertex", "颅内": "intracranial", "脑": "brain", "小叶": "lobule",
    # directions
    "上部": "upper", "中部": "middle", "下部": "lower", "外侧": "outer", "内侧": "inner", "前部": "anterior", "后部": "posterior",
    "上方": "above", "下方": "below", "深部": "deep", "浅部": "superficial", "外周": "peripheral", "半部": "half", "前": "anterior", "后": "posterior", "上": "upper", "中": "middle", "下": "lower",
    # kinds
    "实性": "solid", "部分实性": "part-solid", "亚实性": "part-solid", "混合磨玻璃": "part-solid", "磨玻璃": "ground-glass", "纯磨玻璃": "ground-glass", "磨玻璃样": "ground-glass",
    "非实性": "ground-glass", "结节": "nodule", "结节影": "nodule", "肿块": "mass", "肿块影": "mass", "包块": "mass", "钙化": "calcification",
    "钙化灶": "calcification", "钙化簇": "calcifications", "成簇钙化": "calcifications", "簇状钙化": "calcifications", "一组钙化": "calcifications",
    "不对称": "asymmetry", "不对称致密": "asymmetry", "结构扭曲": "architectural distortion", "出血": "haemorrhage", "血肿": "haemorrhage", "出血灶": "haemorrhage", "肿瘤": "tumour",
    "囊肿": "cyst", "梗死": "infarct", "骨折": "fracture", "积液": "effusion", "肉芽肿": "granuloma", "转移": "metastasis", "转移瘤": "metastasis",
    "淋巴结": "lymph-node", "密度增高影": "opacity",
}  # fmt: skip
_TAGGED = {
    "no": "无 未 未见 不见 没有 不 非 否认 未发现 未见明显 未见明确 除外 排除 阴性 正常 良性 未检出 未示 不考虑 不支持 不伴 无明显 消失不见",
    "count": "两 二 三 四 五 六 七 八 九 十 多 多个 多发 数个 数枚 几个 若干 两个 两枚 三个 三枚 两处 多处 单发 另 另一 另有 另见 其余 再 又 及另一 散在 仅 唯一 一对",
    "bound": "大于 小于 超过 不足 至少 至多 不少于 不超过 近 将近 接近 最多 最少 以上 以下 高于 低于 多于 少于",
    "change:larger": "增大 变大 较大 更大 长大 增长 进展 增多 扩大 增加 稍增大 略增大 明显增大",
    "change:smaller": "缩小 变小 更小 减小 减少 吸收 消退 消失 稍缩小 略缩小 明显缩小",
    "change:stable": "稳定 不变 无变化 未变 大小相仿 相仿 相近 大小相近 无明显变化 未见明显变化 无显著变化 变化不大 无明显改变 未见变化 未见明显改变 大小无变化 大小相似 相似 未见增大 无增大 未增大 大致相仿 大致相同 相同",
    "change:new": "新发 新增 新出现 新见",
    "prior": "较前 与前 前次 前片 上次 既往 此前 先前 原先 原 曾 旧片 前一次 上一次 之前 较上次 较前次 较前片 较既往 既往检查 前次检查 上次检查 基线 当时 以前",
    "versus": "比较 相比 对比 对照 相较 较之",
    "now": "本次 现 目前 现为 此次 今",
    "from": "由 从 自",
    "to": "至 到 增至 降至 为至",
    "unmeasured": "大小未测 未测量 大小未能测量 无法测量 大小无法测量 未能测量 未测得大小 大小不详 大小未测得 未行测量 不能测量 其大小无法测量 其大小未能测量 未测得 未获得大小 大小未知 未测出大小 未测量大小 大小未测量",
    "component": "实性成分 实性部分",
    "kind:mean diameter": "平均直径 平均径 均径 平均",
    "kind:long axis": "长径 最大径 最大直径 长轴 长轴径 最长径",
    "kind:short axis": "短径 最小径 短轴 短轴径",
    "kind:radius": "半径",
    "kind:circumference": "周长",
    "needs:volume": "体积 容积",
    "needs:extent": "累及 跨 跨越 范围跨",
    "needs:length": "测得 测量",
    "about": "约 大约 约为",
    "slice-number": "第",
    "slice": "层 层面 层图像 图像 幅",
    "slices": "个层面 层次",
    "clock": "点钟 点钟方向 点钟位 点钟位置 点",
    "category": "类 级 分类 分级",
    "view:CC": "头足位 CC位 CC 头尾位 轴位",
    "view:MLO": "内外侧斜位 MLO位 MLO 斜位",
    "view:ML": "ML位 ML 内外侧位",
    "view:LM": "LM位 LM",
    "view:XCCL": "XCCL位 XCCL",
    "view:XCCM": "XCCM位 XCCM",
    "view:SIO": "SIO位 SIO",
    "view:LMO": "LMO位 LMO",
    "category-name": "Lung-RADS BI-RADS RADS",
}
_PLAIN = """
见 可见 示 显示 有 为 是 于 位于 在 处 图像标记处 标记处 标记 模型标记 模型 所标 标出 一 一个 一枚 一处 一侧 该 其 此 的 及 和 与 并 且 伴 含 内含 包括
其中 内见 内 区 区域 水平 平面 侧 测量值 测值 测 大小 径 直径 径线 两径 轴径 长短径 范围 延续 共 见于 显示于 最清楚 位置 图像上 影像 影
病灶 病变 灶 改变 类型 检查 本检查 图像上标记的位置 所示位置 图像标记的位置 标记位置 投照位 投照 体位 位 所见 检出 发现 考虑为 占 达 呈 表现为 可 由模型标记 AI 人工智能 所在 面 大小约 面积
于 所示 所见 该处 该灶 病灶处 一簇 一灶 密度 影像上 图像中 图像所标处 示有 提示有 测及 存在 部位 具体 显示为 扫描 时 片 亦 则 值 处见 连续 量 量约 同一 部 也
"""


@lru_cache(maxsize=1)
def chinese() -> Lexicon:
    """Phrase → tags, as `lexicon.english`."""
    found: dict[str, Tags] = dict.fromkeys(_PLAIN.split(), ("",))
    for tag, words in _TAGGED.items():
        name = "category" if tag == "category-name" else tag
        found |= {word.lower(): (name,) for word in words.split()}
    found |= {word: tuple(f"is:{each}" for each in codes.split()) for word, codes in _IS.items()}
    found |= {
        "图像": ("slice",),
        "较": ("prior",),
        "前后": ("is:anterior", "is:posterior"),
        "不对称影": ("is:asymmetry",),
    }
    return found
