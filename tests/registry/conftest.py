from __future__ import annotations

import pytest

from screening.services import registry


@pytest.fixture(autouse=True)
def own_bundles(settings, tmp_path):
    """A place of its own for what is installed; what is shipped is read where it lies."""
    settings.BUNDLES_ROOT = tmp_path / "kept"
    return settings.BUNDLES_ROOT


@pytest.fixture
def fits(monkeypatch):
    """Weights of tests fit no network; `tests/registry/test_trial.py` asks the real question."""
    asked = []
    monkeypatch.setattr(registry, "network_faults", lambda folder: asked.append(folder.name) or [])
    return asked
