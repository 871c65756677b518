"""PostgreSQL and Redis of a run's own: started as an ordinary user on free ports in a temporary folder, gone afterwards.

python -m tests.servers [--if-found] COMMAND…    # with DATABASE_URL and TEST_BROKER_URL set
python -m tests.servers --found                  # say what there is on this machine; 0: both
"""

from __future__ import annotations

import argparse
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

HOST = "127.0.0.1"
START_S = 60.0
# Neither server runs as root; this account owns nothing.
UNPRIVILEGED = "nobody"


def postgresql_programs() -> Path | None:
    """The newest installed PostgreSQL's folder of programs; None where there is none."""
    named = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    found = Path(named) if named else (debian[-1] if debian else None)
    return found.parent if found else None


def redis_program() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def missing() -> str:
    """Why there can be no servers of our own, in a sentence; empty when there can."""
    lacking = [
        name for name, found in (("PostgreSQL", postgresql_programs()), ("Redis", redis_program())) if found is None
    ]
    return f"{' and '.join(lacking)} not installed on this machine" if lacking else ""


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def as_ordinary_user() -> dict[str, Any]:
    """What makes `subprocess` leave root's rights behind."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """A folder that only the servers' account may enter. Sockets have short names, so it lies at the top."""
    folder = Path(tempfile.mkdtemp(prefix=f"firstread-{name}-"))
    try:
        if ordinary := as_ordinary_user():
            os.chown(folder, ordinary["user"], ordinary["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_there(number: int) -> bool:
    """Does this process still hold anything? One that has ended and was not asked after (Z) does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Server:
    """One server process. It can be killed as a power failure would, and started again on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **as_ordinary_user(),
            )  # fmt: skip
        until = time.monotonic() + START_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.command()[0]} did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the server and all its children at once; nothing is written any more."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        self.kill()  # the folder is thrown away; nobody waits for a checkpoint


class PostgreSQL(Server):
    """durable: commits reach the disk (fsync), as in production; otherwise only speed counts."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        super().__init__(folder)
        programs = postgresql_programs()
        assert programs is not None, missing()
        self.programs = programs
        self.durable = durable
        self.data = folder / "data"
        subprocess.run(
            [
                str(programs / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            ],
            cwd=folder, check=True, capture_output=True, **as_ordinary_user(),
        )  # fmt: skip

    def command(self) -> list[str]:
        settings = {"listen_addresses": HOST, "unix_socket_directories": str(self.folder), "max_connections": "200"}
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]

    def kill(self) -> None:
        """The postmaster's children are sessions of their own: each is killed by its own number."""
        if self.process is None or self.process.poll() is not None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        family = [int(number) for number in children.read_text().split()] if children.exists() else []
        os.kill(self.process.pid, signal.SIGKILL)
        for number in family:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait()
        # While one of them holds the shared memory, the server does not start again.
        while any(_is_there(number) for number in family):
            time.sleep(0.01)

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def url(self, name: str) -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/{name}"

    def execute(self, name: str, statement: Any) -> None:
        with psycopg.connect(self.url(name), autocommit=True, connect_timeout=5) as link:
            link.execute(statement)

    def create(self) -> str:
        """The name of a new, empty database."""
        name = f"firstread_{secrets.token_hex(6)}"
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop(self, name: str) -> None:
        self.execute("postgres", sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Redis(Server):
    """durable: what was acknowledged is in the append-only file, as in production."""

    DATABASES = 64

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        super().__init__(folder)
        self.durable = durable

    def command(self) -> list[str]:
        program = redis_program()
        assert program is not None, missing()
        kept = ["--appendonly", "yes", "--appendfsync", "always"] if self.durable else ["--appendonly", "no"]
        where = ["--bind", HOST, "--port", str(self.port), "--dir", str(self.folder)]
        return [program, *where, "--save", "", *kept, "--databases", str(self.DATABASES)]

    def answers(self) -> bool:
        try:
            with closing(redis.Redis(HOST, self.port, socket_timeout=2)) as link:
                return bool(link.ping())
        except redis.ConnectionError:  # not listening yet, or still reading its file
            return False

    def url(self, number: int = 0) -> str:
        return f"redis://{HOST}:{self.port}/{number}"


@contextmanager
def running(make: Callable[..., Any], **options: Any) -> Iterator[Any]:
    """A started `PostgreSQL` or `Redis`, stopped and removed at the end."""
    with own_folder(make.__name__.lower()) as folder:
        server = make(folder, **options)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("--found", action="store_true", help="only say whether both are installed")
    parser.add_argument("--if-found", action="store_true", help="where one is missing, say so and count as done")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if lacking := missing():
        sys.stdout.write(f"PostgreSQL and Redis: skipped, {lacking}.\n")
        return 0 if options.if_found else 1
    if options.found:
        sys.stdout.write(f"PostgreSQL: {postgresql_programs()}; Redis: {redis_program()}\n")
        return 0
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with running(PostgreSQL) as database, running(Redis) as broker:
        name = database.create()
        env = {**os.environ, "DATABASE_URL": database.url(name), "TEST_BROKER_URL": broker.url()}
        return subprocess.run(options.command, env=env, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
