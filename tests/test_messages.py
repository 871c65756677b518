"""Every visible string goes through gettext, and every catalogue says all of them."""

from __future__ import annotations

import io
import re
import string
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.models import Membership
from accounts.roles import Role
from config.env import ROOT
from config.messages import collect, forms
from reports.content import all_titles
from screening.models import OrderPriority
from screening.scoring.lung_measure import LOBE_NAMES
from screening.selectors.phrases import due_rule_words
from screening.selectors.places import place_words
from screening.services.priority import due_after_score, first_due
from screening.states import AiState

CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What is the same in every language: the product, the standards, the figures.
SAME = {
    "AI",
    "The AI",
    "PDF",
    "Lung-RADS %(category)s",
    "%(long).1f × %(short).1f mm",
    "%(mm).1f mm",
    "%(volume)d mm³",
    "%(n)d of %(total)d",
    "AI: {found}",
    "CC",
    "MLO",
    "{mm} mm",
    "{rows} × {columns}",
    "{said} ({view}).",
    "%(size).1f mm",
    "%(section)s: %(text)s",
    "{section}: {text}",
    "{n} of {count}",
    "{signer} · {meaning} · {time}",
    "DICOM (C-STORE)",
    "DICOMweb (STOW-RS)",
    "FHIR",
    "HL7 over MLLP",
    "Webhook",
    "https://alerts.example.org/firstread",
}
# Names of the product, of a format, of a setting and of keys; the only words a template may say by itself.
PLAIN_WORDS = {
    "Firstread", "PDF", "Ctrl", "CSV", "FHIR", "AuditEvent", "TARGET", "SECRET", "Authorization", "Bearer", "frd",
}  # fmt: skip
SPOKEN_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "aria-description", "label"}


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=path.parts[-3], domain="django")


def entries(catalog: Catalog) -> dict[str, Message]:
    return {forms(message.id)[0]: message for message in catalog if message.id}


def places(text: str) -> set[str]:
    """What is filled in later: %(name)s with its conversion, %d, and {name}."""
    percent = re.findall(r"%(?:\(\w+\))?[#0\- +]?\d*(?:\.\d+)?[diouxXeEfFgGcrs]", text.replace("%%", ""))
    try:
        braces = [
            f"{{{name}}}" for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None
        ]
    except ValueError:
        braces = []
    return {*percent, *braces}


@pytest.fixture(scope="module")
def sources() -> dict[str, Message]:
    return entries(collect())


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
class TestACatalogue:
    def test_has_every_string_of_the_sources(self, path, sources):
        assert set(sources) - set(entries(catalogue(path))) == set(), "run make messages"

    def test_says_every_string_and_is_sure_of_it(self, path):
        silent = [key for key, message in entries(catalogue(path)).items() if not all(forms(message.string))]
        assert silent == []
        assert not [message.id for message in catalogue(path) if message.id and message.fuzzy]

    def test_fills_in_the_same_places_as_the_source(self, path):
        for key, message in entries(catalogue(path)).items():
            wanted = places(forms(message.id)[-1])
            assert all(places(text) == wanted for text in forms(message.string)), key

    def test_compiles_without_an_error(self, path):
        catalog = catalogue(path)
        assert [(message.id, errors) for message, errors in catalog.check()] == []
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        assert compiled.getvalue()[:4] == b"\xde\x12\x04\x95"

    def test_has_the_titles_of_every_report(self, path):
        assert set(all_titles()) <= set(entries(catalogue(path)))


def test_chinese_is_chinese():
    english = [
        key
        for key, message in entries(catalogue(ROOT / "locale/zh_Hans/LC_MESSAGES/django.po")).items()
        if not all(CHINESE.search(text) for text in forms(message.string)) and key not in SAME
    ]
    assert english == []


def test_the_places_of_a_string_are_found():
    assert places("%(n)d %% done {name}: %(x).2f %s") == {"%(n)d", "{name}", "%(x).2f", "%s"}


class Visible(HTMLParser):
    """The text a person would see or hear of a template whose tags were taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("kbd", "style", "script"):
            self.inside.append(tag)
        self.texts += [
            value
            for name, value in attributes
            if value and (name in SPOKEN_ATTRIBUTES or name.startswith("data-text-"))
        ]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.texts.append(data)


def bare_words(template: str) -> Iterable[str]:
    """Words of a template that stand outside its translate tags, variables and keys."""
    template = re.sub(r"{% comment.*?endcomment %}|{#.*?#}", "", template, flags=re.DOTALL)
    template = re.sub(r"{% blocktrans.*?endblocktrans(?:late)? %}", "", template, flags=re.DOTALL)
    template = re.sub(r"{% block \w+_class %}.*?{% endblock %}", "", template)
    template = re.sub(r"{%.*?%}|{{.*?}}", "", template, flags=re.DOTALL)
    reader = Visible()
    reader.feed(template)
    reader.close()
    return [word for text in reader.texts for word in re.findall(r"[^\W\d_]+", text) if word not in PLAIN_WORDS]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_says_nothing_that_is_not_translated(path):
    assert list(bare_words(path.read_text(encoding="utf-8"))) == []


def test_a_bare_word_in_a_template_is_found():
    template = (
        '<p title="Hint">Hello {{ name }} · {% translate "Good" %} <kbd>Enter</kbd> {% if a > b %}there{% endif %}</p>'
    )
    assert list(bare_words(template)) == ["Hint", "Hello", "there"]


# Where a script hands words to the page; what it says comes from the server, in the reader's language.
SAID = re.compile(
    r"(?:textContent|innerText|innerHTML|title|placeholder|ariaLabel)\s*=\s*(?P<a>['\"`][^\n;]*)"
    r"|setAttribute\(\s*'(?:title|placeholder|alt|aria-label)'\s*,\s*(?P<b>['\"`][^\n;]*)"
)


def words_of_script(code: str) -> Iterator[str]:
    for match in SAID.finditer(code):
        fixed = re.sub(r"\$\{[^}]*\}", "", match["a"] or match["b"])
        yield from re.findall(r"[^\W\d_]{2,}", fixed)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "frontend" / "src").rglob("*.js")),
    ids=lambda path: str(path.relative_to(ROOT / "frontend" / "src")),
)
def test_a_script_says_nothing_of_its_own(path):
    assert list(words_of_script(path.read_text(encoding="utf-8"))) == []


def test_a_word_of_a_script_is_found():
    assert list(words_of_script("node.textContent = `Slice ${n}`;\nb.setAttribute('title', 'Close');")) == [
        "Slice",
        "Close",
    ]


@pytest.fixture
def chinese(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-CN,zh;q=0.9"
    return client


def page(client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer["Content-Language"] == "zh-hans"
    return answer.content.decode()


def spoken(html: str) -> set[str]:
    reader = Visible()
    reader.feed(html)
    reader.close()
    return {text.strip() for text in reader.texts if text.strip()}


def test_the_worklist_speaks_chinese(chinese, reader, north, make_study):
    make_study(north, status="TO_READ", programme="lung", ai_state=AiState.PENDING)
    chinese.force_login(reader)
    texts = spoken(page(chinese, reverse("worklist")))
    assert {"工作列表", "优先级", "期限", "患者", "AI 初读", "阅片医师", "等待评分", "全部", "肺", "退出登录"} <= texts
    names = {"Firstread", "Mara Osei", "reader", "English"}
    english = {text for text in texts if re.search(r"[A-Za-z]{3}", text) and not CHINESE.search(text)} - names
    assert english == {"TESTPATIENT, Number1", "CT · North Clinic"}


def test_the_reading_room_speaks_chinese_in_its_page_and_its_scripts(chinese, reader, north, make_study):
    study = make_study(north, status="TO_READ", programme="lung")
    chinese.force_login(reader)
    answer = chinese.get(reverse("reading-room", args=[study.study_uid]))
    assert {"图像工具", "报告", "签署", "下一检查", "领取"} <= spoken(answer.content.decode())
    room = answer.context["room"]
    english = {key: text for key, text in room["strings"].items() if not CHINESE.search(text)}
    assert english == {
        "the_ai": "AI",
        "answer_ai": "AI",
        "review_at": "{n}/{count}",
        "review_stands": "{section}：{text}",
        "signed_line": "{signer} · {meaning} · {time}",
        "finding_as_found": "AI：{found}",
        "layout_grid": "{rows} × {columns}",
        "measure_sentence_view": "{said}（{view}）。",
        "slab_mm": "{mm} mm",
        "stage_cc": "CC",
        "stage_mlo": "MLO",
    }
    assert [preset["label"] for preset in room["presets"]] == ["肺", "纵隔", "骨"]
    assert [section["title"] for section in room["report"]["sections"]][:3] == ["检查技术", "对比检查", "结节"]


@pytest.mark.parametrize(
    ("role", "name", "words"),
    [
        (Role.TECHNOLOGIST, "upload", {"上传", "选择文件夹", "选择文件", "近期问题"}),
        (Role.ADMINISTRATOR, "users", {"用户", "新建用户", "用户名", "上次登录"}),
        (Role.AUDITOR, "audit", {"审计记录", "操作者", "对象"}),
        (None, "account_login", {"登录", "用户名或电子邮箱", "密码"}),
    ],
)
def test_the_other_pages_speak_chinese(chinese, make_user, north, role, name, words):
    if role:
        person = make_user("person", role, north)
        assert Membership.objects.filter(user=person).exists()
        chinese.force_login(person)
    assert words <= spoken(page(chinese, reverse(name)))


def test_a_person_chooses_the_language_and_keeps_it(client):
    login = reverse("account_login")
    assert "Sign in" in spoken(client.get(login).content.decode())
    answer = client.post(reverse("set-language"), {"language": "zh-hans"}, HTTP_REFERER=f"http://testserver{login}")
    assert answer["Location"] == f"http://testserver{login}"
    assert {"登录", "English"} <= spoken(client.get(login).content.decode())


def test_the_way_back_from_choosing_a_language_leads_to_no_other_place(client):
    answer = client.post(reverse("set-language"), {"language": "zh-hans", "next": "https://example.org/"})
    assert answer["Location"] == "/"


def test_a_sentence_that_django_has_not_in_chinese_comes_from_here(db):
    with override("zh-hans"), pytest.raises(ValidationError) as refusal:
        validate_password("qV7!")
    assert refusal.value.messages == ["密码过短，至少需要 10 个字符。"]


def test_a_place_is_said_in_the_language_of_the_reader():
    with override("zh-hans"):
        assert place_words("right breast, upper") == "右乳, 上部"
        assert place_words("both hemispheres, level of the skull base") == "双侧大脑半球, 颅底层面"
        assert place_words("somewhere new") == "somewhere new"
        assert all(CHINESE.search(place_words(lobe)) for lobe in LOBE_NAMES.values())
    with override("en"):
        assert place_words("left breast, central") == "left breast, central"


@pytest.mark.parametrize("order", ["ROUTINE", "URGENT", "STAT"])
@pytest.mark.parametrize("programme", ["", "lung", "brain"])
def test_a_rule_is_kept_in_english_and_said_in_the_language_of_the_reader(programme, order):
    with override("zh-hans"):
        _due, rule = first_due(received_at=timezone.now(), order_priority=OrderPriority[order], programme=programme)
        assert not CHINESE.search(rule)
        assert re.fullmatch(r"\D*时限（\d+ (?:分钟|小时)）", due_rule_words(rule))
    with override("en"):
        assert due_rule_words(rule) == rule


def test_the_rule_of_a_score_says_its_tier_and_window_in_the_language_of_the_reader(north, make_study):
    study = make_study(north, programme="brain")
    _due, rule = due_after_score(study=study, tier="critical", tier_rule="Critical: score 0.9.", may_triage=True)
    with override("zh-hans"):
        assert re.fullmatch(r"危急：score 0\.9（时限 \d+ 分钟）", due_rule_words(rule))
        assert due_rule_words("a hostile (5 min") == "a hostile (5 min"
        assert due_rule_words("Nothing: of ours (5 min)") == "Nothing: of ours (5 min)"
    with override("en"):
        assert due_rule_words(rule) == rule
