"""What a container's health check asks, from inside: `python -m config.healthy web|port NUMBER`. 0: it answers."""

from __future__ import annotations

import http.client
import os
import socket
import sys

HOST = "127.0.0.1"
WITHIN_S = 5.0


def web(bind: str, allowed: str) -> bool:
    """Does the web process answer /health/live? Asked under the first name it goes by, for it knows no other."""
    link = http.client.HTTPConnection(HOST, int(bind.rpartition(":")[2]), timeout=WITHIN_S)
    try:
        link.request("GET", "/health/live", headers={"Host": allowed.split(",")[0].strip().lstrip(".*") or HOST})
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def port(number: int) -> bool:
    """Does somebody listen there?"""
    with socket.socket() as probe:
        probe.settimeout(WITHIN_S)
        return probe.connect_ex((HOST, number)) == 0


def main(words: list[str]) -> int:
    if words[:1] == ["web"]:
        return 0 if web(os.environ.get("WEB_BIND", "0.0.0.0:8000"), os.environ.get("ALLOWED_HOSTS", "")) else 1
    if words[:1] == ["port"] and len(words) == 2:
        return 0 if port(int(words[1])) else 1
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
