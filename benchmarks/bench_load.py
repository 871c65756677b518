"""A hundred readers at once, on a PostgreSQL and a Redis of the run's own: `python -m benchmarks.bench_load [--faults]`.

Starts database, broker, web processes, the default worker and beat as `docker/run.sh` does, fills in 100,000 studies,
lets the readers work, and looks afterwards for everything they were told was done. With --faults a web process, the
worker, Redis and PostgreSQL are killed in turn (SIGKILL) and brought back. Prints one JSON object:

errors_outside: requests that failed while nothing was down. errors_inside: by kind, while something was; `unclean` are
those that were neither a refused connection nor an answer 503, 502 or 504. lost: what was confirmed and is not there.
p50_ms, p95_ms: from request to the last byte, of pages that came. busy: share of the machine's processor time in use
while the readers worked, `ours` of it by what this run started.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from config.demo import answers
from config.env import ROOT
from config.supervisor import Process, Supervisor
from tests.servers import PostgreSQL, Redis, free_port, missing, own_folder, running

CLEAN = (502, 503, 504)
# So long after something is back requests may still fail: what had begun before is still ending.
GRACE_S = 2.0


@dataclass
class Site:
    """What runs. outages: (from, until) on the clock, in which requests may fail."""

    database: PostgreSQL
    broker: Redis
    name: str
    home: Path
    port: int
    supervisor: Supervisor
    env: dict[str, str]
    outages: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rows(self, question: str, values: Any = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.url(self.name)) as link:
            return link.execute(question, values).fetchall()  # type: ignore[arg-type]

    def process(self, name: str) -> subprocess.Popen[bytes]:
        child = next(process.child for process in self.supervisor.processes if process.name == name)
        assert child is not None
        return child


@contextmanager
def site(workers: int, threads: int) -> Iterator[Site]:
    """Database, broker, and the program's processes; the latter start with `supervisor`."""
    with (
        running(PostgreSQL, durable=True) as database,
        running(Redis, durable=True) as broker,
        own_folder("load") as home,
    ):
        name, port = database.create(), free_port()
        env = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"},
            "DJANGO_SETTINGS_MODULE": "config.settings.production",
            "FIRSTREAD_HOME": str(home), "DATABASE_URL": database.url(name), "CELERY_BROKER_URL": broker.url(),
            "SECRET_KEY": "k7Jq2zPw9Xv4Rt6Ym1Hs8Bd3Lc5Ng0FaUeOiTxWrQk3Zv8Np5Gt", "ALLOWED_HOSTS": "127.0.0.1",
            "WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": str(workers), "WEB_THREADS": str(threads),
            "BEAT_SCHEDULE": str(home / "beat"),
        }  # fmt: skip
        run = str(ROOT / "docker" / "run.sh")
        roles = {"web": ["web"], "worker": ["worker", "default"], "beat": ["beat"]}
        processes = [Process(role, [run, *words]) for role, words in roles.items()]
        supervisor = Supervisor(processes, logs=home / "logs", env=env)
        yield Site(database, broker, name, home, port, supervisor, env)


def python(place: Site, *arguments: str, given: str = "") -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=place.env, input=given, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise RuntimeError(ended.stdout[-2000:] + ended.stderr[-4000:])
    return ended.stdout


def kill_web(place: Site) -> Callable[[], None]:
    """One web process; gunicorn starts another."""
    master = place.process("web").pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    return lambda: None


def kill_worker(place: Site) -> Callable[[], None]:
    """The worker; the supervisor starts another."""
    place.process("worker").kill()
    return lambda: None


def kill_redis(place: Site) -> Callable[[], None]:
    place.broker.kill()
    return place.broker.start


def kill_postgresql(place: Site) -> Callable[[], None]:
    place.database.kill()
    return place.database.start


FAULTS = {"web": kill_web, "worker": kill_worker, "redis": kill_redis, "postgresql": kill_postgresql}


def break_in_turn(place: Site, began: float, every_s: float, down_s: float) -> None:
    """Each part is killed, stays away for a while and is brought back."""
    for number, (name, kill) in enumerate(FAULTS.items(), start=1):
        time.sleep(max(0.0, began + number * every_s - time.monotonic()))
        at = time.time()
        bring_back = kill(place)
        time.sleep(down_s)
        bring_back()
        place.outages.append((name, at, time.time() + GRACE_S))


def processor() -> tuple[float, float]:
    """(busy, all) ticks of the machine since it started."""
    ticks = [float(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def ticks_of(pids: list[int]) -> float:
    """Ticks spent by these processes and all their children, those that ended included."""
    total, seen = 0.0, set()
    while pids:
        pid = pids.pop()
        try:
            spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
            pids += [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if pid not in seen:
            seen.add(pid)
            total += sum(float(each) for each in spent)
    return total


def read_for(
    place: Site, cookies: dict[str, str], seconds: float, every: float, faults: bool
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """What every request of every reader became, and the load of the machine meanwhile."""
    log = place.home / "readers.jsonl"
    asked = {"url": place.url, "seconds": seconds, "every": every, "cookies": cookies, "log": str(log)}
    busy, total = processor()
    readers = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_readers"], cwd=ROOT, stdin=subprocess.PIPE, text=True
    )
    own = [process.pid for process in (readers, place.database.process, place.broker.process) if process]
    own += [place.process(each.name).pid for each in place.supervisor.processes]
    before = ticks_of(list(own))
    assert readers.stdin is not None
    readers.stdin.write(json.dumps(asked))
    readers.stdin.close()
    began = time.monotonic()
    breaker = threading.Thread(target=break_in_turn, args=(place, began, seconds / (len(FAULTS) + 1), 3.0))
    if faults:
        breaker.start()
    while readers.poll() is None:
        place.supervisor.revive()
        ours = ticks_of(list(own)) - before
        time.sleep(0.5)
    if faults:
        breaker.join()
    used, passed = processor()
    shares = {"busy": round((used - busy) / (passed - total), 2), "ours": round(ours / (passed - total), 2)}
    return [json.loads(line) for line in log.read_text().splitlines()], shares


def lost(place: Site, lines: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Confirmed claims, saves and audited acts that the database does not have."""
    users = dict(place.rows("SELECT username, id FROM accounts_user"))
    claims = [
        line
        for line in lines
        if line["kind"] == "claim" and line["status"] == 302 and line["to"].startswith("/studies/")
    ]
    saves = [line for line in lines if line["kind"] == "save" and line["status"] == 200]
    held = set(
        place.rows(
            "SELECT r.reader_id, s.study_uid FROM screening_reading r JOIN screening_study s ON s.id = r.study_id"
        )
    )
    given_back = {line["study"] for line in lines if line["kind"] == "release"}
    texts = {(report, author): text for report, author, text in place.rows(
        "SELECT report_id, author_id, string_agg(sections::text, ' ') FROM reports_revision WHERE author_id IS NOT NULL GROUP BY 1, 2"
    )}  # fmt: skip
    audited = set(place.rows("SELECT request_id, verb FROM accounts_auditevent WHERE request_id LIKE 'load-%'"))
    verbs = {
        "worklist": "worklist_viewed",
        "study": "study_opened",
        "save": "report_saved",
        "release": "study_released",
    }
    released = [line for line in lines if line["kind"] == "release" and line["status"] == 302]
    told = [line for line in lines if line["status"] == 200 and line["kind"] != "claim"] + released
    # Claiming again what one holds, because the answer never came, adds no row.
    claimed = set(place.rows("SELECT actor_id, object_id FROM accounts_auditevent WHERE verb = 'study_claimed'"))
    # A study that was never put back belongs to one reader alone.
    twice = [study for study, count in Counter(claim["to"] for claim in claims).items() if count > 1]
    return {
        "claims": [line["to"] for line in claims if (users[line["reader"]], line["to"].split("/")[2]) not in held],
        "claimed_twice": [study for study in twice if study not in given_back],
        "saves": [
            line["mark"] for line in saves if line["mark"] not in texts.get((line["report"], users[line["reader"]]), "")
        ],
        "audit_rows": [line["request"] for line in told if (line["request"], verbs[line["kind"]]) not in audited]
        + [line["request"] for line in claims if (users[line["reader"]], line["to"].split("/")[2]) not in claimed],
    }


def failed(line: dict[str, Any]) -> bool:
    return bool(line["error"] or line["status"] == 0 or line["status"] >= 400)


def told(place: Site, lines: list[dict[str, Any]]) -> dict[str, Any]:
    bad = [line for line in lines if failed(line)]
    inside: dict[str, Counter[str]] = {name: Counter() for name, _from, _until in place.outages}
    outside, unclean = Counter[str](), Counter[str]()
    for line in bad:
        words = f"{line['kind']}: {line['error'] or line['status']}"
        # A request that began before the end of an outage and failed within it.
        ended = line["at"] + line["ms"] / 1000
        hit = next((name for name, start, end in place.outages if line["at"] < end and ended > start), None)
        if hit is None:
            outside[words] += 1
        else:
            inside[hit][words] += 1
            if line["error"] == "half a page" or (line["status"] and line["status"] not in CLEAN):
                unclean[words] += 1
    pages = {}
    for kind in ("worklist", "study", "claim", "save", "release"):
        times = sorted(line["ms"] for line in lines if line["kind"] == kind and not failed(line))
        if len(times) > 1:
            parts = statistics.quantiles(times, n=20)
            pages[kind] = {
                "n": len(times),
                "p50_ms": round(statistics.median(times)),
                "p95_ms": round(parts[18]),
                "most_ms": round(times[-1]),
            }
    return {
        "requests": len(lines),
        "errors_outside": dict(outside),
        "errors_inside": {name: dict(kinds) for name, kinds in inside.items()},
        "unclean": dict(unclean),
        "pages": pages,
        "lost": {name: rows[:5] + [f"… {len(rows)}"] * (len(rows) > 5) for name, rows in lost(place, lines).items()},
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two pages of one reader")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--waiting", type=int, default=5_000, help="of them on the list, not yet reported")
    parser.add_argument("--opened", type=int, default=1_500, help="of them with every image's header, due first")
    parser.add_argument("--slices", type=int, default=120)
    parser.add_argument("--web-workers", type=int, default=2)
    parser.add_argument("--web-threads", type=int, default=4)
    parser.add_argument("--faults", action="store_true", help="kill each part in turn")
    options = parser.parse_args()
    if lacking := missing():
        sys.stdout.write(json.dumps({"skipped": lacking}) + "\n")
        return 0
    with site(options.web_workers, options.web_threads) as place:
        python(place, "manage.py", "migrate", "-v", "0")
        sizes = [f"--{name}={getattr(options, name)}" for name in ("readers", "studies", "waiting", "opened", "slices")]
        began = time.monotonic()
        cookies = json.loads(python(place, "-m", "benchmarks.load_seed", *sizes).splitlines()[-1])
        filled = time.monotonic() - began
        with place.supervisor:
            if not answers(f"{place.url}/health/live", within_s=60):
                raise RuntimeError((place.home / "logs" / "web.log").read_text()[-3000:])
            # Every process has imported everything and every thread has its connection.
            warm = dict(list(cookies.items())[:20])
            read_for(place, warm, 6, 0.5, faults=False)
            lines, shares = read_for(place, cookies, options.seconds, options.every, options.faults)
            result = {
                "readers": options.readers,
                "studies": options.studies,
                "waiting": options.waiting,
                "filled_s": round(filled, 1),
                **shares,
                **told(place, lines),
            }
        result["audit_trail"] = python(place, "manage.py", "verify_audit").strip().splitlines()[-1]
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
