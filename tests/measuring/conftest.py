"""A stored CT of one small series, and what a browser sends of a line on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from screening.models import Study
from screening.services.ingest import ingest_instance
from tests.ingest.images import as_bytes, ct_series

UID = UUID("6f1c8f9e-0a51-4a0a-9a34-0d1a7a3f4e11")


@pytest.fixture
def ct_study(north) -> Study:
    """Two slices of 32 × 32 pixels of 12 mm."""
    for dataset in ct_series(2):
        assert ingest_instance(data=as_bytes(dataset), source="test", site=north, actor=None).result == "stored"
    return Study.objects.get()


@pytest.fixture
def line(ct_study) -> Callable[..., dict[str, Any]]:
    """Six pixels across and eight down: 120 mm."""
    image = ct_study.series.get().instances.first()

    def make(**changes: Any) -> dict[str, Any]:
        points = [[4.0, 4.0], [10.0, 12.0]]
        return {"tool": "length", "sop_uid": image.sop_uid, "frame": 1, "points": points, "text": "", **changes}

    return make
