"""The pure parts of the scripts, by Node's own test runner; and the way they get into a page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from django.template import Context, Template

from config.env import ROOT

ENTRY = '{% load frontend %}{% frontend_entry "reading-room" %}'


def test_the_scripts_pass_their_own_tests():
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed.")
    tests = sorted(str(path) for path in (ROOT / "tests" / "frontend").glob("*.test.mjs"))
    run = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout[-4000:]


def test_an_entry_is_loaded_by_the_name_the_build_gave_it(settings, tmp_path):
    settings.FRONTEND_MANIFEST = tmp_path / "manifest.json"
    chunks = {
        "src/reading-room/main.js": {"file": "assets/room-1.js", "imports": ["_a.js"], "css": ["assets/room-1.css"]},
        "_a.js": {"file": "assets/a-1.js", "imports": ["_b.js"]},
        "_b.js": {"file": "assets/b-1.js", "imports": ["_a.js"]},
    }
    settings.FRONTEND_MANIFEST.write_text(json.dumps(chunks), encoding="utf-8")
    html = Template(ENTRY).render(Context())
    assert '<script type="module" src="/static/dist/assets/room-1.js"></script>' in html
    assert '<link rel="stylesheet" href="/static/dist/assets/room-1.css">' in html
    assert html.count("modulepreload") == 2


def test_a_page_that_is_not_built_says_what_to_do(settings, tmp_path):
    settings.FRONTEND_MANIFEST = tmp_path / "absent.json"
    html = Template(ENTRY).render(Context())
    assert "make setup" in html
    assert "<script" not in html


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def themes() -> list[dict[str, str]]:
    """The colours of the dark theme and of the light one."""
    text = (ROOT / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text)
    return [{name: dark for name, _light, dark in pairs}, {name: light for name, light, _dark in pairs}]


@pytest.mark.parametrize("theme", themes(), ids=["dark", "light"])
def test_every_text_colour_can_be_read_on_every_ground(theme):
    texts = ("text", "muted", "faint", "accent", "critical", "urgent", "soon", "routine", "ok")
    weak = []
    for ground in ("bg", "surface", "raised", "accent-soft"):
        for text in texts:
            light, dark = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
            if (light + 0.05) / (dark + 0.05) < 4.5:
                weak.append((text, ground))
    assert weak == []


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", themes(), ids=["dark", "light"])
def test_the_edge_of_a_field_and_the_ring_of_focus_can_be_seen(theme):
    for ground in ("bg", "surface", "raised"):
        assert contrast(theme["edge"], theme[ground]) >= 3
        assert contrast(theme["accent"], theme[ground]) >= 3
    for tier in ("critical", "urgent", "soon"):
        assert contrast(theme[tier], theme[f"{tier}-soft"]) >= 4.5
    assert contrast(theme["accent-ink"], theme["accent"]) >= 4.5
