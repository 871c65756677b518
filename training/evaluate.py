"""Run a shipped bundle over labelled images and print its figures; nothing is fitted.

`python -m training.evaluate --programme lung|breast|brain --data DIR --json`
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from training.statistics import finite

PROGRAMMES = ("lung", "breast", "brain")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.evaluate", description="Figures of a shipped bundle on your data.")
    parser.add_argument("--programme", required=True, choices=PROGRAMMES)
    parser.add_argument("--data", required=True, type=Path, help="a folder laid out like those of the data folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    chosen = parser.parse_args(arguments)
    if not chosen.data.is_dir():
        parser.error(f"{chosen.data} is not a folder.")
    try:
        figures: dict[str, Any] = import_module(f"training.evaluate_{chosen.programme}").evaluate(chosen.data)
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = json.dumps(finite(figures), indent=None if chosen.json else 2)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
