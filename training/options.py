"""The options that every training command has: where the images are, where unfinished work is kept, on what it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.data import ROOT, data_folder


def add_options(parser: argparse.ArgumentParser, programme: str) -> None:
    """--data, --work and --device; `work` is a folder of this programme's own, made when needed."""
    parser.add_argument("--data", type=Path, default=data_folder(), help="a folder laid out like the data folder")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "var" / "training" / programme, help="checkpoints; run again to go on"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
