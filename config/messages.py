"""`make messages`: collect every translatable string into the catalogues, without GNU gettext.

Django turns a template into Python-like text for gettext; Babel reads that, and updates the catalogues.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from config.env import ROOT

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
SOURCES = ("config", "accounts", "screening", "reports")
CONTENT = "reports/content/"
# Django's own sentences that not all of its catalogues have; ours are asked first.
BORROWED = (
    (
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
)


def sources() -> Iterator[tuple[Path, bytes]]:
    for app in SOURCES:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path, path.read_bytes()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path, templatize(path.read_text(encoding="utf-8"), origin=str(path)).encode()


def titles(code: bytes) -> Iterator[str]:
    """What is shown of a report's content: `Section("name", "Title")` and `title="…"`; pure code calls no gettext."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        shown = [keyword.value for keyword in node.keywords if keyword.arg == "title"]
        if isinstance(node.func, ast.Name) and node.func.id == "Section":
            shown += node.args[1:2]
        for value in shown:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def collect() -> Catalog:
    """Every string of the project with the files it stands in."""
    catalog = Catalog(project="Firstread", charset="utf-8")
    for borrowed in BORROWED:
        catalog.add(borrowed, locations=[("config/messages.py", 0)])
    for path, code in sources():
        name = str(path.relative_to(ROOT))
        for _line, message, comments, context in extract("python", BytesIO(code), keywords=KEYWORDS):
            catalog.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
        if name.startswith(CONTENT):
            for title in titles(code):
                catalog.add(title, locations=[(name, 0)])
    return catalog


def forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """Singular, or singular and plurals, as one tuple; untranslated is one empty form."""
    return (text,) if isinstance(text, str) else tuple(text or ("",))


def main() -> int:
    template = collect()
    for path in sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po")):
        with path.open("rb") as stream:
            catalog = read_po(stream, locale=path.parts[-3], domain="django")
        template.creation_date = catalog.creation_date
        catalog.update(template, no_fuzzy_matching=True)
        with path.open("wb") as stream:
            write_po(stream, catalog, width=120, include_lineno=False, ignore_obsolete=True, sort_output=True)
        done = sum(1 for message in catalog if message.id and all(forms(message.string)))
        sys.stdout.write(f"{path.relative_to(ROOT)}: {done} of {len(catalog)} translated\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
