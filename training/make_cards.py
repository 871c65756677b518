"""Bring every figure of the cards up to date from the scores that the bundles store.

`python -m training.make_cards [--bundles DIR] [--phantoms] [--check]`: rewrites CARD.md's marked sections, the reliability
diagrams and model.json's figures with the right that they earn. A second run changes nothing. --phantoms first
measures the synthetic studies again (minutes). --check writes nothing and exits 1 when something would change.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from screening.scoring.bundle import BUNDLES
from training.figures import CardParts, rewrite_figures
from training.rights import earned_rights
from training.statistics import finite

PROGRAMMES = ("lung", "breast", "brain")
MARKED = "<!-- figures:begin "
# each has main(arguments) and writes its bundle's phantoms.json
PHANTOMS = ("training.measure_lung_phantoms", "training.phantoms_brain", "training.phantoms_breast")


def bundle_folders(bundles: Path) -> dict[str, Path]:
    """The folders of the scoring bundles whose cards have marked sections, by programme."""
    found = {}
    for described in sorted(bundles.glob("*/model.json")):
        programme = json.loads(described.read_text(encoding="utf-8")).get("programme")
        card = described.parent / "CARD.md"
        if programme in PROGRAMMES and card.is_file() and MARKED in card.read_text(encoding="utf-8"):
            found[programme] = described.parent
    return found


def written(folder: Path, parts: CardParts) -> dict[str, str]:
    """The text that each file of a bundle should have: CARD.md, model.json where figures were given, and the builder's
    own files. Raises ValueError as `rewrite_figures` does."""
    files = {"CARD.md": rewrite_figures((folder / "CARD.md").read_text(encoding="utf-8"), parts.sections)}
    if parts.figures is not None:
        text = (folder / "model.json").read_text(encoding="utf-8")
        files["model.json"] = _described(text, finite(parts.figures))
    return {**files, **parts.files}


def make_card(folder: Path, parts: CardParts, check: bool = False) -> list[str]:
    """Write what differs (unless `check`) and return those files' names."""
    changed = []
    for name, text in written(folder, parts).items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    return changed


def card_parts(programme: str, folder: Path) -> CardParts:
    """What the programme's builder makes of the bundle's stored scores."""
    parts: CardParts = import_module(f"training.figures_{programme}").card_parts(folder)
    return parts


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.make_cards", description=__doc__)
    parser.add_argument("--bundles", type=Path, default=BUNDLES)
    parser.add_argument("--phantoms", action="store_true")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.phantoms:
        for measure in PHANTOMS:
            import_module(measure).main([])
    stale = False
    for programme, folder in bundle_folders(chosen.bundles).items():
        changed = make_card(folder, card_parts(programme, folder), chosen.check)
        stale = stale or bool(changed)
        sys.stderr.write(f"{folder.name}: {', '.join(changed) or 'nothing changed'}\n")
    return int(chosen.check and stale)


def _described(text: str, figures: Any) -> str:
    """model.json's text with these figures and what they earn, indented as it was; as it was when nothing changed."""
    metadata = json.loads(text)
    rights = earned_rights(figures)
    updated = {**metadata, "figures": figures, "triage": rights["triage"], "triage_why": rights["why"]}
    if updated == metadata:
        return text
    indent = re.search(r"^( +)", text, re.MULTILINE)
    return json.dumps(updated, indent=len(indent[1]) if indent else 1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
