"""The settings of `make demo`, and another viewer's files at the server's root, to be measured beside ours."""

from __future__ import annotations

import os

from config.settings.local import *  # noqa: F403

# The script signs the moment a study is shown, which the lock-out is there to stop; what is measured is the system's time.
LOCK_OUT_SECONDS = 0.0

if os.environ.get("OTHER_VIEWER"):
    WHITENOISE_ROOT = os.environ["OTHER_VIEWER"]
    WHITENOISE_INDEX_FILE = True
