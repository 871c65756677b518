"""What a child process that decodes strangers' pixels may use. It sets these limits on itself before it reads a byte."""

from __future__ import annotations

import resource
import time

MEMORY_BYTES = 6 << 30


def limit_process(memory_bytes: int = MEMORY_BYTES) -> None:
    """Cap the address space, and leave no core file behind: it would hold a patient's image.

    A limit that is lower already stays.
    """
    for kind, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CORE, 0)):
        _soft, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))


def limit_next(seconds: int) -> None:
    """From now on, so many seconds of computing; the system ends a process that goes on (SIGXCPU)."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))
