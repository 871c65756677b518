"""How fast a reader gets on: `python -m benchmarks.bench_reading`, one JSON line.

Starts the server of `make demo` on a throw-away folder with 10,000 listed studies and synthetic CTs, and reads in headless Chromium
as a person does: from the list to a signed normal to the next study's first image; the first image of a
300-slice CT, its scroll rate and a window change; the memory after 1,000 slices. Beside it, in the same run and
on the same images from the same server, stock OHIF (fetched from npm into --tools, outside this repository).
"""

from __future__ import annotations

import argparse
import http.cookiejar
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from benchmarks import reading_ohif
from benchmarks.reading_browser import (
    OHIF,
    OURS,
    Viewer,
    fetched,
    first_image,
    memory_mb,
    profile,
    read_normal,
    renderers,
    scrolled,
    sign_in,
    until,
    window_changes,
)
from config.demo import answers, processes
from config.env import ROOT

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "firstread-benchmarks"


class Bench:
    """The server, its studies, and the browser that looks at them."""

    def __init__(self, options: argparse.Namespace, folder: Path, playwright: Playwright) -> None:
        self.options = options
        self.folder = folder
        self.playwright = playwright
        self.password = secrets.token_urlsafe(18)
        self.home = folder / "home"
        self.env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL",)} | {
            "FIRSTREAD_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "benchmarks.reading_settings",
            "PYTHONWARNINGS": "ignore",
        }
        self.uids: dict[str, str] = {}
        self.url = ""

    def seed(self) -> None:
        options = self.options
        migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(migrate, cwd=ROOT, env=self.env, check=True)
        asked = [sys.executable, "-m", "benchmarks.reading_seed", "--reads", str(2 * options.reads + 2)]
        asked += ["--read-slices", str(options.read_slices), "--stack", str(options.stack)]
        asked += ["--deep", str(options.deep), "--listed", str(options.listed)]
        run = subprocess.run(
            asked, cwd=ROOT, env=self.env, check=True, input=self.password, capture_output=True, text=True
        )
        self.uids = json.loads(run.stdout.splitlines()[-1])

    @contextmanager
    def server(self, viewer_root: Path | None = None) -> Iterator[None]:
        """The web process of `make demo`, and nothing beside it: nothing here waits for a model."""
        port = self.options.port
        command = processes(port, self.home)[0].command
        env = self.env | ({"OTHER_VIEWER": str(viewer_root)} if viewer_root else {})
        with (
            (self.folder / "web.log").open("ab") as log,
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log) as web,
        ):
            self.url = f"http://127.0.0.1:{port}"
            try:
                assert answers(f"{self.url}/health/live", within_s=60), (self.folder / "web.log").read_text()
                yield
            finally:
                web.terminate()

    def profile(self, name: str) -> Path:
        return self.folder / f"profile-{name}"

    def signed_in(self) -> urllib.request.OpenerDirector:
        """Requests in the reader's name, without a browser."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        form = opener.open(f"{self.url}/accounts/login/").read().decode()
        token = form.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        data = f"csrfmiddlewaretoken={token}&login=reader&password={self.password}".encode()
        opener.open(urllib.request.Request(f"{self.url}/accounts/login/", data, {"Referer": self.url}))
        return opener

    def listed(self) -> dict[str, Any]:
        """Milliseconds of one request for 50 rows of the list."""
        opener = self.signed_in()
        taken = []
        rows = 0
        for _turn in range(12):
            began = time.perf_counter()
            answer = opener.open(f"{self.url}/worklist/rows/?shown=50").read().decode()
            taken.append((time.perf_counter() - began) * 1000)
            rows = answer.count("<tr data-uid") or answer.count("data-uid=")
        kept = sorted(taken[2:])
        return {
            "studies": self.options.listed,
            "rows": rows,
            "median_ms": round(statistics.median(kept), 1),
            "worst_ms": round(kept[-1], 1),
        }

    def dicomweb(self) -> dict[str, Any]:
        """Milliseconds of the metadata of the long CT, the first time and then, and of one of its frames."""
        opener = self.signed_in()
        root = f"{self.url}/dicomweb/studies/{self.uids['stack']}"
        series = json.load(opener.open(f"{root}/series"))[0]["0020000E"]["Value"][0]
        images = json.load(opener.open(f"{root}/series/{series}/instances"))

        def taken(path: str) -> tuple[float, int]:
            began = time.perf_counter()
            size = len(opener.open(f"{root}/series/{series}/{path}").read())
            return (time.perf_counter() - began) * 1000, size

        first, size = taken("metadata")
        later = sorted(taken("metadata")[0] for _turn in range(9))
        frames = [f"instances/{image['00080018']['Value'][0]}/frames/1" for image in images[:40]]
        each = sorted(taken(path)[0] for path in frames)
        return {
            "metadata_ms": {"first": round(first, 1), "median": round(later[4], 1), "worst": round(later[-1], 1)},
            "metadata_mb": round(size / 1e6, 2),
            "frame_ms": {"median": round(each[20], 1), "worst": round(each[-1], 1)},
        }

    def reading(self) -> dict[str, Any]:
        """Warm: a profile that has read before. Cold: a new profile for every reading."""
        warm, cold = [], []
        with profile(self.playwright, self.profile("warm")) as context:
            page = sign_in(context, self.url, self.password)
            read_normal(page, self.url)
            warm = [read_normal(page, self.url) for _turn in range(self.options.reads)]
        for turn in range(self.options.cold):
            with profile(self.playwright, self.profile(f"cold-{turn}")) as context:
                cold.append(read_normal(sign_in(context, self.url, self.password), self.url))
        return {"keys": max(one["keys"] for one in [*warm, *cold]), "warm": told(warm), "cold": told(cold)}

    def stack(self, name: str, viewer: Viewer) -> dict[str, Any]:
        """The long CT in one viewer: first image with an empty and with a filled browser, then scrolling."""
        options = self.options
        uid = self.uids["stack"]
        cold, warm = [], []
        for turn in range(options.rounds):
            with profile(self.playwright, self.profile(f"{name}-{turn}")) as context:
                page = sign_in(context, self.url, self.password)
                cold.append(first_image(page, self.url, viewer, uid))
                page.wait_for_timeout(2000)
                warm.append(first_image(page, self.url, viewer, uid))
                if turn < options.rounds - 1:
                    continue
                fresh = scrolled(page, viewer, 60, down=True)
                fetched(page, options.settle)
                there = options.stack // 2 - 5
                scrolled(page, viewer, there, down=False)
                found = {"as_opened": fresh, "cached": scrolled(page, viewer, options.stack - 10, down=True)}
                page.screenshot(path=str(self.folder / f"{name}.png"))
                if viewer is OURS:
                    changes = sorted(window_changes(page, 20))
                    found["window_ms"] = {"median": round(changes[10], 1), "worst": round(changes[-1], 1)}
                found["memory_mb"] = memory_mb(renderers(self.profile(f"{name}-{turn}")))
        return {"first_image_s": {"cold": rounded(cold), "warm": rounded(warm)}, "scroll": found}

    def deep(self) -> dict[str, Any]:
        """Every slice of a 1,000-slice study shown once, then back: the memory at the end."""
        folder = self.profile("deep")
        with profile(self.playwright, folder) as context:
            page = sign_in(context, self.url, self.password)
            seconds = first_image(page, self.url, OURS, self.uids["deep"])
            page.keyboard.press("Home")
            until(page, "document.documentElement.dataset.slice === '1'")
            down = scrolled(page, OURS, self.options.deep - 1, down=True)
            there = memory_mb(renderers(folder))
            page.wait_for_timeout(self.options.settle * 1000)
            up = scrolled(page, OURS, self.options.deep - 1, down=False)
            return {
                "slices": self.options.deep,
                "first_image_s": round(seconds, 3),
                "down": down,
                "up": up,
                "memory_mb": max(there, memory_mb(renderers(folder))),
            }


def rounded(values: list[float]) -> list[float]:
    return [round(value, 3) for value in values]


def told(readings: list[dict[str, float]]) -> dict[str, Any]:
    """Median and 95th percentile (the worst, below twenty) of every part."""
    if not readings:
        return {}
    parts = [name for name in readings[0] if name != "keys"]
    by_part = {name: sorted(one[name] for one in readings) for name in parts}
    return {"n": len(readings)} | {
        name: {"median": statistics.median(values), "p95": values[min(len(values) - 1, int(len(values) * 0.95))]}
        for name, values in by_part.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=6, help="readings with a browser that has read before")
    parser.add_argument("--cold", type=int, default=2, help="readings with a new browser")
    parser.add_argument("--rounds", type=int, default=3, help="first images of each viewer")
    parser.add_argument("--read-slices", type=int, default=60)
    parser.add_argument("--stack", type=int, default=300)
    parser.add_argument("--deep", type=int, default=1000)
    parser.add_argument("--listed", type=int, default=10_000)
    parser.add_argument("--settle", type=float, default=5, help="least seconds given to a viewer to fetch what it will")
    parser.add_argument("--only", default="listed,dicomweb,reading,stack,deep,ohif,ohif_cpu")
    parser.add_argument("--tools", type=Path, default=CACHE, help="where OHIF is kept between runs")
    parser.add_argument("--shots", type=Path, help="keep the last picture of each viewer here")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    wanted = options.only.split(",")
    load = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="firstread-reading-") as name, sync_playwright() as playwright:
        bench = Bench(options, Path(name), playwright)
        bench.seed()
        found: dict[str, Any] = {}
        with bench.server():
            for part in ("listed", "dicomweb", "reading"):
                if part in wanted:
                    found[part] = getattr(bench, part)()
            if "stack" in wanted:
                found["stack"] = bench.stack("firstread", OURS)
            if "deep" in wanted:
                found["deep"] = bench.deep()
        for part, cpu in (("ohif", False), ("ohif_cpu", True)):
            if part in wanted:
                root = reading_ohif.site(reading_ohif.install(options.tools), Path(name) / part, cpu=cpu)
                with bench.server(root):
                    found[part] = bench.stack(part, OHIF)
        compare(found)
        if options.shots:
            options.shots.mkdir(parents=True, exist_ok=True)
            for path in Path(name).glob("*.png"):
                path.rename(options.shots / path.name)
    machine = {
        "cores": os.cpu_count(),
        "load_before": rounded(list(load)),
        "load_after": rounded(list(os.getloadavg())),
    }
    sys.stdout.write(json.dumps({"machine": machine, **found}) + "\n")


def compare(found: dict[str, Any]) -> None:
    """How many times longer the other viewer takes to its first image, median against median."""
    for part in ("ohif", "ohif_cpu"):
        if part in found and "stack" in found:
            found[part]["times_ours"] = {
                kind: round(
                    statistics.median(found[part]["first_image_s"][kind])
                    / statistics.median(found["stack"]["first_image_s"][kind]),
                    2,
                )
                for kind in ("cold", "warm")
            }


if __name__ == "__main__":
    main()
