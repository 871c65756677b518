"""The studies of `bench_reading`, into the data folder that the environment names: one JSON line with their UIDs."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta

import django

django.setup()

import numpy as np  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import SignWith, Site, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from accounts.services import ensure_demo_user, ensure_site  # noqa: E402
from benchmarks.listed import fill  # noqa: E402
from screening.models import Study  # noqa: E402
from screening.phantoms.chest import PIXEL_MM, chest_ct  # noqa: E402
from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient  # noqa: E402
from screening.services.ingest import ingest_instance  # noqa: E402
from screening.states import StudyStatus  # noqa: E402

# Drawn once, then spread over as many slices as a study needs: drawing 1,000 would take minutes.
DRAWN = 24
CHEST_MM = 300.0


def drawn() -> np.ndarray:
    """The planes every study is made of: (24, 512, 512) HU, feet first."""
    datasets = chest_ct(7, [], slices=DRAWN, slice_mm=CHEST_MM / DRAWN).datasets
    return np.stack([dataset.pixel_array.astype(np.int16) - 1024 for dataset in datasets])


def take_in(site: Site, actor: User, planes: np.ndarray, name: str, slices: int) -> str:
    """One uncompressed 512 × 512 chest CT of so many slices; its UID."""
    hu = planes[np.arange(slices) * DRAWN // slices]
    seed = sum(name.encode()) * 1000 + slices
    spacing = (CHEST_MM / slices, PIXEL_MM, PIXEL_MM)
    datasets = ct_datasets(hu, spacing, fictional_patient(seed), key=f"reading benchmark {name}")
    for dataset in datasets:
        result = ingest_instance(data=as_bytes(dataset), source="command", site=site, actor=actor)
        assert result.result == "stored", result.reason
    return str(datasets[0].StudyInstanceUID)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, required=True, help="studies to be read one after the other")
    parser.add_argument("--read-slices", type=int, required=True)
    parser.add_argument("--stack", type=int, required=True, help="slices of the study that is scrolled")
    parser.add_argument("--deep", type=int, required=True, help="slices of the study that fills the memory")
    parser.add_argument("--listed", type=int, required=True, help="studies on the list")
    options = parser.parse_args()
    password = sys.stdin.readline().strip()
    site = ensure_site(slug="bench", name="Benchmark")
    Site.objects.filter(pk=site.pk).update(sign_with=SignWith.RECENT)
    reader = ensure_demo_user(
        username="reader", first_name="Bench", last_name="Reader", password=password, memberships={site: Role.READER}
    )
    planes = drawn()
    sizes = {f"read {number}": options.read_slices for number in range(options.reads)}
    sizes |= {"stack": options.stack, "deep": options.deep}
    uids = {name: take_in(site, reader, planes, name, slices) for name, slices in sizes.items()}
    fill(site, 0, options.listed - len(uids))
    # Read in the order they were made, before everything else on the list; the long ones last of all.
    now = timezone.now()
    for number, (name, uid) in enumerate(uids.items()):
        due = now - timedelta(days=30) if name.startswith("read") else now + timedelta(days=30)
        due += timedelta(minutes=number)
        Study.objects.filter(study_uid=uid).update(
            due_at=due, base_due_at=due, status=StudyStatus.TO_READ, programme="lung", closed_at=now
        )
    sys.stdout.write(json.dumps(uids) + "\n")


if __name__ == "__main__":
    main()
