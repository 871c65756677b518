"""The process that takes in hostile files, through the real door, with its memory capped.

Reads a number (8 bytes) for each file and answers with one line of JSON: what came of the file, and of everything that
web and worker then do with what was stored. Anything that is not a clean refusal comes back under "crash".
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import time
import traceback

MEMORY_BYTES = 1 << 30


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.dicom import fuzz_world
    from tests.dicom.hostile import hostile_file
    from tests.dicom.samples import samples

    samples()
    world = fuzz_world.World()
    answers = os.fdopen(os.dup(1), "w")
    # What the program prints or logs belongs to the log, where it is searched for patients.
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(json.dumps("ready"), file=answers, flush=True)
    while len(head := sys.stdin.buffer.read(8)) == 8:
        (number,) = struct.unpack("<Q", head)
        kinds, data = hostile_file(number)
        told: dict[str, object] = {"number": number, "kinds": kinds}
        started = time.process_time()
        try:
            told |= world.take(number, data)
        except BaseException:  # noqa: BLE001  whatever it is, it is the finding
            told["crash"] = traceback.format_exc()[-4000:]
        told["computed_s"] = round(time.process_time() - started, 1)
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main()
