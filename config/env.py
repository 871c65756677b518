"""What the environment says. Secrets may also come from a file named by `NAME_FILE`."""

from __future__ import annotations

from pathlib import Path

import environ

ROOT = Path(__file__).resolve().parents[1]

env = environ.FileAwareEnv()
env.smart_cast = False
environ.Env.read_env(str(ROOT / ".env"))

HOME = Path(env.str("FIRSTREAD_HOME", default=str(ROOT / "var"))).resolve()
DEVICE = env.str("FIRSTREAD_DEVICE", default="auto")
if DEVICE not in {"auto", "cpu", "cuda"}:
    raise ValueError("FIRSTREAD_DEVICE must be auto, cpu or cuda.")
