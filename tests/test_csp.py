"""The content-security policy is sent with every page, and no page needs more than it grants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse

TEMPLATES = sorted((Path(__file__).resolve().parents[1] / "templates").rglob("*.html"))


def test_there_are_templates_to_look_at():
    assert len(TEMPLATES) > 15


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_has_no_inline_script_style_or_handler(path):
    text = path.read_text(encoding="utf-8")
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts)
    assert "<style" not in text
    assert not re.search(r"<[^>{]*\sstyle=", text)
    assert not re.search(r"<[^>{]*\son[a-z]+=", text)


def directives(answer) -> dict[str, str]:
    policy = answer["Content-Security-Policy"]
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in policy.split(";"))}


def test_a_page_is_sent_with_the_policy(client, reader):
    client.force_login(reader)
    sent = directives(client.get(reverse("worklist")))
    assert sent["default-src"] == "'self'"
    assert sent["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert sent["style-src"] == "'self'"
    assert "style-src-attr" not in sent
    assert not any("unsafe-inline" in rest for rest in sent.values())
    assert sent["object-src"] == sent["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/accounts/login/", "/no-such-page/", "/accounts/signup/"])
def test_pages_for_nobody_have_it_too(client, db, path):
    assert "script-src" in directives(client.get(path))


def test_other_headers_keep_the_page_to_itself(client, db):
    answer = client.get("/accounts/login/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
