"""The readers of `bench_load`: each opens a page every few seconds, claims a study, saves its report.

Reads {"url", "seconds", "every", "cookies", "log"} from standard input; writes one JSON line for each request to `log`.
"""

from __future__ import annotations

import http.client
import json
import re
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOM = re.compile(rb'<script id="room" type="application/json">(.*?)</script>', re.S)
TIMEOUT_S = 30


class Reader:
    """One person. What the server confirmed is logged; what failed is tried again with the next page."""

    def __init__(self, name: str, cookies: str, asked: dict[str, Any], log: Any) -> None:
        self.name = name
        self.host = urlsplit(asked["url"]).netloc
        self.cookie, self.token = cookies, cookies.rpartition("=")[2]
        self.every, self.seconds = asked["every"], asked["seconds"]
        self.log = log
        self.room: dict[str, Any] | None = None
        self.study = ""
        self.saves = 0

    def ask(
        self, kind: str, method: str, path: str, body: bytes = b"", mime: str = "", **about: Any
    ) -> tuple[int, bytes, str]:
        """(status, body, where to) of one request, as through a proxy that ends TLS; status 0: no whole answer came."""
        request = f"load-{secrets.token_hex(12)}"
        given = {
            "Cookie": self.cookie, "X-Request-Id": request, "X-Forwarded-Proto": "https",
            "X-CSRFToken": self.token, "Referer": f"https://{self.host}/", "Sec-Fetch-Dest": "document", "Accept": "text/html",
        }  # fmt: skip
        if mime:
            given["Content-Type"] = mime
        status, content, to, error = 0, b"", "", ""
        began, at = time.perf_counter(), time.time()
        link = http.client.HTTPConnection(self.host, timeout=TIMEOUT_S)
        try:
            link.request(method, path, body or None, given)
            answer = link.getresponse()
            content, status, to = answer.read(), answer.status, answer.headers.get("Location", "")
        except (OSError, http.client.HTTPException) as failure:
            error = type(failure).__name__
        finally:
            link.close()
        ms = (time.perf_counter() - began) * 1000
        whole = method == "POST" or status != 200 or content.rstrip().endswith(b"</html>")
        line = {"at": at, "kind": kind, "reader": self.name, "status": status, "ms": ms, "request": request}
        self.log({**line, "error": error or ("" if whole else "half a page"), "to": to, **about})
        return status, content, to

    def worklist(self) -> None:
        self.ask("worklist", "GET", "/worklist/")

    def open(self) -> None:
        """Claim the next study, unless one is held, and open its page."""
        if not self.study:
            status, _content, to = self.ask(
                "claim", "POST", "/worklist/next/", urlencode({}).encode(), "application/x-www-form-urlencoded"
            )
            if status != 302 or not to.startswith("/studies/"):
                return
            self.study = to
        status, content, _to = self.ask("study", "GET", self.study, study=self.study)
        found = ROOM.search(content) if status == 200 else None
        self.room = json.loads(found[1]) if found else None

    def save(self) -> None:
        """Write a sentence into the report that is open, and put it away."""
        if self.room is None:
            return
        report, self.saves = self.room["report"], self.saves + 1
        mark = f"Mark {self.name} {self.saves} {secrets.token_hex(4)}."
        sections = {section["name"]: list(section["sentences"]) for section in report["sections"]}
        first = next(iter(sections))
        sections[first].append(
            {"id": f"h{secrets.token_hex(4)}", "text": mark, "origin": "human", "evidence": [], "state": "human"}
        )
        body = json.dumps({"parent": report["revision"], "sections": sections, "answers": None}).encode()
        status, _content, _to = self.ask(
            "save", "POST", f"/reports/{report['id']}/save/", body, "application/json", report=report["id"], mark=mark
        )
        if status == 200:
            self.give_back()
        elif status in (403, 404, 409):
            # Kept by an answer that never arrived: the page is loaded again, as a person would.
            self.room = None

    def give_back(self) -> None:
        path, _, query = self.study.partition("?")
        form = urlencode({"site": query.removeprefix("site=")}).encode()
        status, _content, _to = self.ask(
            "release", "POST", f"{path}release/", form, "application/x-www-form-urlencoded", study=self.study
        )
        if status in (302, 409):
            self.room, self.study = None, ""

    def sit(self, start: float, offset: float) -> None:
        """List, a study that is claimed, list, the study again: its text is saved and it is given back before the next."""
        number = 0
        while (due := offset + number * self.every) < self.seconds:
            time.sleep(max(0.0, start + due - time.monotonic()))
            if number % 4 == 0:
                self.save()
            if number % 2 == 0:
                self.worklist()
            else:
                self.open()
            number += 1
        self.save()


def main() -> None:
    asked = json.load(sys.stdin)
    lock = threading.Lock()
    with Path(asked["log"]).open("w", encoding="utf-8") as file:

        def log(line: dict[str, Any]) -> None:
            with lock:
                file.write(json.dumps(line) + "\n")

        start = time.monotonic() + 0.5
        people = [Reader(name, own, asked, log) for name, own in asked["cookies"].items()]
        threads = [
            threading.Thread(target=person.sit, args=(start, index * asked["every"] / len(people)))
            for index, person in enumerate(people)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
