"""What encryption at rest costs: `python -m benchmarks.bench_encryption [--slices 300] [--rounds 5]`.

In one run, in a data folder of its own: in each round two chest CTs, alike but for their UIDs, are taken in and asked for as
a reader's browser and a DICOMweb client ask, one with STORAGE_KEY and one without. They go slice by slice, and which is
first changes with every slice, so that whatever else the machine does meets both alike.

Two JSON lines: the seconds of every round, and the ratios (encrypted to plain), the median of the rounds and each.
ingest        `ingest_instance` for all slices: parsed, checked, on the disk (fsync), in the database
first_image   the headers of the series, as kept when the study is complete, and the file of the first image
files         the file of every image (what the viewer asks for)
frames        the frame of every image (WADO-RS)
store         the share of ingest that is the store alone: writing and fsync
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

KINDS = ("plain", "encrypted")
Seconds = dict[str, dict[str, float]]


def prepared(folder: str) -> None:
    """A fresh installation in `folder`; nothing of the surroundings' is touched."""
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "STORAGE_KEY", "STORAGE_KEY_FILE"):
        os.environ.pop(name, None)
    os.environ |= {
        "FIRSTREAD_HOME": folder,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "LOG_LEVEL": "ERROR",
        "QUIET_SECONDS": "3600",
    }
    import django  # noqa: PLC0415  it reads the environment

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)


def measured(slices: int, rounds: int) -> list[Seconds]:
    """One entry a round: act → kind → seconds."""
    import numpy as np  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from accounts.roles import Role  # noqa: PLC0415
    from accounts.services import ensure_demo_user, ensure_site  # noqa: PLC0415
    from screening.models import Study  # noqa: PLC0415
    from screening.phantoms.chest import PIXEL_MM, chest_ct  # noqa: PLC0415
    from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient  # noqa: PLC0415
    from screening.services.ingest import ingest_instance  # noqa: PLC0415
    from screening.services.metadata import prepare_metadata  # noqa: PLC0415
    from screening.storage import storage  # noqa: PLC0415
    from screening.storage_keys import new_key  # noqa: PLC0415

    keys = {"plain": "", "encrypted": new_key()}
    site = ensure_site(slug="bench", name="Benchmark")
    ensure_demo_user(
        username="reader", first_name="Bench", last_name="Reader", password=new_key(), memberships={site: Role.READER}
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="reader"), "django.contrib.auth.backends.ModelBackend")
    drawn = chest_ct(7, [], slices=24, slice_mm=12.5).datasets
    planes = np.stack([one.pixel_array.astype(np.int16) - 1024 for one in drawn])
    hu = planes[np.arange(slices) * 24 // slices]
    noise = np.random.default_rng(1)

    def series(name: str) -> list[Any]:
        spacing = (300 / slices, PIXEL_MM, PIXEL_MM)
        return ct_datasets(hu + noise.integers(0, 3), spacing, fictional_patient(len(name)), key=name)

    def asked(address: str, accept: str = "*/*") -> None:
        answer = client.get(address, headers={"accept": accept})
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200 and len(body) > 1000, (address, answer.status_code)

    def alternating(count: int, act: Callable[[str, int], None], into: dict[str, float]) -> None:
        for number in range(count):
            for kind in KINDS if number % 2 else KINDS[::-1]:
                settings.STORAGE_KEY = keys[kind]
                begun = time.perf_counter()
                act(kind, number)
                into[kind] += time.perf_counter() - begun

    def one_round(turn: int) -> Seconds:
        seconds: Seconds = defaultdict(lambda: dict.fromkeys(KINDS, 0.0))
        taken = {kind: series(f"{kind} {turn}") for kind in KINDS}
        files = {kind: [as_bytes(dataset) for dataset in taken[kind]] for kind in KINDS}

        def take_in(kind: str, number: int) -> None:
            result = ingest_instance(data=files[kind][number], source="command", site=site, actor=None)
            assert result.result == "stored", result.reason

        def put(kind: str, number: int) -> None:
            storage().put(files[kind][number] + b"\0\0")

        def first_image(kind: str, _number: int) -> None:
            dataset = taken[kind][0]
            series_url = f"/dicomweb/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
            asked(f"{series_url}/metadata", "application/dicom+json")
            asked(f"/api/instances/{dataset.SOPInstanceUID}/file/")

        def file(kind: str, number: int) -> None:
            asked(f"/api/instances/{taken[kind][number].SOPInstanceUID}/file/")

        def frame(kind: str, number: int) -> None:
            dataset = taken[kind][number]
            place = f"studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}"
            asked(
                f"/dicomweb/{place}/instances/{dataset.SOPInstanceUID}/frames/1",
                'multipart/related; type="application/octet-stream"',
            )

        alternating(slices, take_in, seconds["ingest"])
        alternating(slices, put, seconds["store"])
        for kind in KINDS:
            settings.STORAGE_KEY = keys[kind]
            prepare_metadata(Study.objects.get(study_uid=taken[kind][0].StudyInstanceUID).pk)
        alternating(60, first_image, seconds["first_image"])
        alternating(slices, file, seconds["files"])
        alternating(slices, frame, seconds["frames"])
        return seconds

    one_round(-1)  # imports, caches, the first pages of the database
    return [one_round(turn) for turn in range(rounds)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=float, default=1.15, help="exit 1 when ingest or first_image costs more")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="firstread-encryption-") as folder:
        prepared(folder)
        rounds = measured(options.slices, options.rounds)
    print(json.dumps({"slices": options.slices, "seconds": rounds}, default=lambda value: round(value, 4)))
    ratios = {act: [each[act]["encrypted"] / each[act]["plain"] for each in rounds] for act in rounds[0]}
    told = {
        act: {"median": round(statistics.median(all_), 3), "rounds": [round(one, 3) for one in all_]}
        for act, all_ in ratios.items()
    }
    print(json.dumps({"encrypted_to_plain": told}))
    return int(any(told[act]["median"] > options.most for act in ("ingest", "first_image")))


if __name__ == "__main__":
    sys.exit(main())
