"""Measurements across the slices: kept with their places in the patient, worth what the geometry says."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from reports.models import Report, Revision
from reports.selectors.grounds import grounds
from screening.dicom.measuring import MeasuringError
from screening.models import Measurement, Study
from screening.selectors.measuring import listed_measurements
from screening.services.ingest import ingest_instance
from screening.services.measuring import save_measurement
from tests.ingest.images import as_bytes, ct_series
from tests.measuring.conftest import UID

# Above each other at uneven distances, from the feet up.
HEIGHTS = (-100.0, -98.0, -95.0, -88.0, -81.0)


@pytest.fixture
def uneven(north) -> Study:
    """Five slices of 32 × 32 pixels of 12 mm, whose first pixel lies at (-192, -192)."""
    for dataset, height in zip(ct_series(len(HEIGHTS)), HEIGHTS, strict=True):
        x, y, _z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, height]
        assert ingest_instance(data=as_bytes(dataset), source="test", site=north, actor=None).result == "stored"
    return Study.objects.get()


@pytest.fixture
def save(uneven, reader):
    series = uneven.series.get()
    x, y, _z = map(float, series.instances.first().header["image_position"])

    def act(points=((60, 72, -97.0), (100, 72, -82.0)), name="coronal", version=0, author=reader, **changes: Any):
        """Points in mm from the first pixel of a slice; the height is the patient's."""
        places = [[x + a, y + b, z] for a, b, z in points]
        sent = {
            "tool": "length",
            "series_uid": series.series_uid,
            "plane": {"name": name, "points": places},
            **changes,
        }
        return save_measurement(study=uneven, author=author, uid=UID, version=version, sent=sent)

    return act


def test_the_server_works_out_a_length_across_uneven_slices_from_where_they_lie(save, uneven):
    row, corrected = save(value=(40**2 + 15**2) ** 0.5 + 0.05)
    assert row.values == [{"name": "length", "value": 42.72, "unit": "mm"}]
    assert (row.basis, row.points, row.frame, corrected) == ("patient", [], 1, False)
    nearest = uneven.series.get().instances.get(sop_uid=row.sop_uid)
    assert nearest.header["image_position"][2] == -88.0
    _row, corrected = save(version=1, points=((60, 72, -97.0), (100, 72, -81.0)), value=42.72)
    assert corrected


def test_two_axes_and_an_angle_lie_in_one_plane_too(save):
    axes = ((60, 72, -90.0), (100, 72, -90.0), (80, 72, -95.0), (80, 72, -85.0))
    row, _corrected = save(axes, tool="bidirectional")
    assert [each["value"] for each in row.values] == [40.0, 10.0]


def test_an_angle_across_the_slices(save):
    row, _corrected = save(((60, 90, -90.0), (60, 72, -90.0), (60, 72, -85.0)), name="sagittal", tool="angle")
    assert (row.values, row.basis) == ([{"name": "angle", "value": 90.0, "unit": "deg"}], "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"points": ((60, 72, -97.0), (100, 74, -82.0))}, "one plane"),
        ({"points": ((60, 72, -97.0), (100, 72, 900.0))}, "far beside"),
        ({"points": ((60, 72, -97.0),)}, "points of its tool"),
        ({"name": "oblique"}, "no such plane"),
        ({"tool": "ellipse"}, "on the slices themselves"),
        ({"tool": "saw"}, "on the slices themselves"),
        ({"series_uid": "1.2.3"}, "no image of this study"),
        ({"plane": {"name": "coronal", "points": [[0, 0, "x"], [0, 0, 0]]}}, "three numbers"),
        ({"plane": {"name": "coronal", "points": [[0, 0, float("nan")], [0, 0, 0]]}}, "three numbers"),
        ({"plane": "coronal"}, "no such plane"),
    ],
)
def test_what_is_no_measurement_in_a_plane_of_the_series_is_refused(save, asked, said):
    with pytest.raises(MeasuringError, match=said):
        save(**asked)
    assert not Measurement.objects.exists()


def test_a_series_that_is_no_volume_has_no_planes_to_measure_in(ct_study, reader):
    sent = {
        "tool": "length",
        "series_uid": ct_study.series.get().series_uid,
        "plane": {"name": "coronal", "points": [[0, 0, 0], [0, 0, 5]]},
    }
    with pytest.raises(MeasuringError, match="No other planes"):
        save_measurement(study=ct_study, author=reader, uid=UID, version=0, sent=sent)


def test_it_moves_with_its_versions_but_never_to_another_plane_or_onto_an_image(save, uneven):
    save()
    moved, _corrected = save(version=1, points=((60, 96, -97.0), (100, 96, -97.0)))
    assert (moved.version, moved.values[0]["value"]) == (2, 40.0)
    image = uneven.series.get().instances.first()
    with pytest.raises(MeasuringError, match="stays on its image"):
        save(version=2, name="axial", points=((60, 96, -95.0), (100, 96, -95.0)))
    with pytest.raises(MeasuringError, match="stays on its image"):
        sent = {"tool": "length", "sop_uid": image.sop_uid, "frame": 1, "points": [[1, 1], [2, 2]]}
        save_measurement(study=uneven, author=moved.author, uid=UID, version=2, sent=sent)
    gone, _corrected = save(version=2, removed=True)
    assert gone.removed and gone.plane == moved.plane


def test_whoever_may_see_it_gets_it_with_its_places(save, uneven, second_reader, client):
    row, _corrected = save()
    client.force_login(second_reader)
    (told,) = client.get(reverse("measurements", args=(uneven.study_uid,))).json()["measurements"]
    assert told["plane"] == row.plane == listed_measurements(uneven)[0]["plane"]


def test_over_the_door_it_is_kept_and_answered(uneven, reader, client):
    series = uneven.series.get()
    x, y, z = map(float, series.instances.first().header["image_position"])
    plane = {"name": "coronal", "points": [[x + 12, y + 24, z], [x + 36, y + 24, z]]}
    body = {"uid": str(UID), "version": 0, "tool": "length", "series_uid": series.series_uid, "plane": plane}
    client.force_login(reader)
    url = reverse("measurement-save", args=(uneven.study_uid,))
    answer = client.post(url, {**body, "value": 24.0}, content_type="application/json").json()
    assert (answer["measurement"]["plane"], answer["corrected"]) == (plane, False)
    refused = client.post(url, {**body, "uid": str(UID)[:-1] + "2", "tool": "probe"}, content_type="application/json")
    assert refused.status_code == 400 and "on the slices themselves" in refused.json()["detail"]


def test_what_is_signed_with_a_report_says_in_which_plane_it_was_measured(save, uneven):
    row, _corrected = save()
    report = Report(study=uneven, programme=uneven.programme)
    told = {"id": "a1", "text": "Length.", "origin": "human", "evidence": ["m1"], "state": "human"}
    revision = Revision(report=report, number=1, sections={"findings": [told]})
    (signed,) = grounds(uneven, revision)["measurements"]
    assert (signed["plane"], signed["values"]) == (row.plane, row.values)
