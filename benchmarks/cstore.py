"""CT images a second by C-STORE into a throw-away home: python benchmarks/cstore.py [--images 60] [--associations 1] [--reps 3]

Each repetition sends a series of 512 × 512 CT images with UIDs of its own, one whole series for each association, so
that nothing is a duplicate. The time includes starting the senders, negotiation and release. Senders are dcmtk's
storescu where it is installed, else pynetdicom in processes of their own, which is slower and says less of the receiver.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from screening.phantoms.headers import as_bytes, ct_datasets, fictional_patient  # noqa: E402

SIDE = 512


def write_series(folder: Path, images: int, seed: int) -> int:
    """Noise with a CT's size; returns the bytes written."""
    folder.mkdir(parents=True)
    hu = np.random.default_rng(seed).integers(-1000, 1000, size=(images, SIDE, SIDE)).astype(np.float32)
    total = 0
    for number, dataset in enumerate(ct_datasets(hu, (1.0, 0.7, 0.7), fictional_patient(seed), key=f"bench-{seed}")):
        total += (folder / f"{number:04d}.dcm").write_bytes(as_bytes(dataset))
    return total


def send_folder(folder: str, port: int) -> int:
    """The sender without dcmtk: one association, all files; exit code."""
    ae = AE("BENCHSCU")
    ae.add_requested_context(CTImageStorage, [ExplicitVRLittleEndian])
    association = ae.associate("127.0.0.1", port, ae_title="FIRSTREAD")
    if not association.is_established:
        return 1
    bad = sum(association.send_c_store(dcmread(path)).get("Status") != 0 for path in sorted(Path(folder).glob("*.dcm")))
    association.release()
    return bad


def sender(scu: str | None, folder: Path, port: int) -> list[str]:
    if scu:
        return [scu, "-q", "-R", "+sd", "-aet", "BENCHSCU", "-aec", "FIRSTREAD", "127.0.0.1", str(port), str(folder)]
    return [sys.executable, __file__, "--send", str(folder), "--port", str(port)]


@contextmanager
def receiver(home: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The real command on a home of its own: its port and its environment."""
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    env |= {"FIRSTREAD_HOME": str(home), "DJANGO_SETTINGS_MODULE": "config.settings.local", "TCP_NODELAY": "1"}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v", "0"], cwd=ROOT, env=env, check=True)
    code = "from accounts.models import Site; Site.objects.get_or_create(slug='default', defaults={'name': 'Default'})"
    subprocess.run([*manage, "shell", "-v", "0", "-c", code], cwd=ROOT, env=env, check=True)
    command = [*manage, "dicom_receiver", "--port", "0"]
    with (home / "receiver.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        line = next(line for line in process.stdout if "listens at" in line)
        yield int(line.rsplit("port ", 1)[1].strip(".\n")), env
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def count(home: Path, env: dict[str, str]) -> int:
    code = "from screening.models import Instance; print(Instance.objects.count())"
    shell = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    return int(subprocess.run(shell, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--associations", type=int, default=1)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--storescu", default=os.environ.get("STORESCU", "/usr/bin/storescu"))
    parser.add_argument("--send", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.send:
        return send_folder(chosen.send, chosen.port)
    scu = shutil.which(chosen.storescu)
    rates, failed, size = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="firstread-bench-") as home, receiver(Path(home)) as (port, env):
        for rep in range(chosen.reps):
            folders = [Path(home) / "send" / f"{rep}-{n}" for n in range(chosen.associations)]
            size = sum(write_series(folder, chosen.images, 1000 * rep + n) for n, folder in enumerate(folders))
            began = time.perf_counter()
            senders = [subprocess.Popen(sender(scu, folder, port), env=env) for folder in folders]
            failed += sum(one.wait() != 0 for one in senders)
            rates.append(chosen.associations * chosen.images / (time.perf_counter() - began))
            for folder in folders:
                shutil.rmtree(folder)
        indexed = count(Path(home), env)
    figures = {
        "sender": "storescu" if scu else "pynetdicom",
        "associations": chosen.associations,
        "images": chosen.associations * chosen.images,
        "megabytes": round(size / 1e6, 1),
        "images_per_second": {
            "median": round(statistics.median(rates), 1),
            "min": round(min(rates), 1),
            "max": round(max(rates), 1),
        },
        "failed_senders": failed,
        "indexed": indexed,
        "expected": chosen.reps * chosen.associations * chosen.images,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if not failed and indexed == figures["expected"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
