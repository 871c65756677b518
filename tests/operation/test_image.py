"""The image, its roles and the compose file are in step with the program: nothing is named that does not exist."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import yaml

from config import healthy
from config.demo import processes
from config.env import ROOT
from config.jobs import QUEUES

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service["image"]).startswith("firstread")}
# Stands in for Python: says what it was asked to run.
PYTHON = '#!/bin/bash\nprintf "%s\\n" "$@"\n'


def read_by_settings() -> tuple[set[str], set[str]]:
    """Names of the environment that the program reads, and those without which production does not start."""
    read, required = set(), set()
    for path in [*(ROOT / "config").rglob("*.py"), ROOT / "config" / "env.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "env" and node.args):
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant):
                read.add(name.value)
                if path.name == "production.py" and not any(word.arg == "default" for word in node.keywords):
                    required.add(name.value)
    return read, required


def read_by_run_script() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+):?-", (DOCKER / "run.sh").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """`ran("worker", "default")`: the words Python is given by that role."""
    project = tmp_path_factory.mktemp("image") / "app"
    for folder in ("docker", ".venv/bin"):
        (project / folder).mkdir(parents=True)
    (project / "docker" / "run.sh").write_bytes((DOCKER / "run.sh").read_bytes())
    python = project / ".venv" / "bin" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)

    def run(*words: str, fails: bool = False) -> list[str]:
        ended = subprocess.run(
            ["bash", str(project / "docker" / "run.sh"), *words], capture_output=True, text=True, check=False
        )
        assert (ended.returncode != 0) is fails, ended.stderr
        return ended.stdout.splitlines()

    return run


def test_there_are_the_roles_of_production_and_one_beat():
    commands = [" ".join(service["command"][:2]) for service in OURS.values()]
    assert {"web", "worker default", "worker sending", "worker scoring", "beat"} <= set(commands)
    assert commands.count("beat") == 1
    assert any(command.startswith("receiver") for command in commands)
    assert {"database", "redis", "proxy"} <= SERVICES.keys()


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_service_starts_what_exists(ran, name):
    words = ran(*OURS[name]["command"])
    if words[:1] == ["-m"]:
        assert words[1] in ("gunicorn", "celery")
        assert ("config.wsgi" in words) is (words[1] == "gunicorn")
    else:
        assert words[0] == "manage.py"
        command = words[1]
        known = {"migrate"} | {path.stem for path in ROOT.glob("*/management/commands/*.py")}
        assert command in known


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_health_check_is_a_role_the_script_knows(ran, name):
    check = OURS[name].get("healthcheck")
    if check is None:
        assert OURS[name]["restart"] == "on-failure", "it ends when it is done"
        return
    _cmd, script, *words = check["test"]
    assert script == "/app/docker/run.sh"
    if words[0] != "beating":
        assert ran(*words)


def test_an_unknown_role_or_queue_is_refused(ran):
    ran("webb", fails=True)
    ran("worker", "scorring", fails=True)


def test_every_queue_has_a_worker_and_the_same_options_as_the_demo(ran):
    served: set[str] = set()
    for service in OURS.values():
        if service["command"][0] == "worker":
            words = ran(*service["command"])
            served |= set(words[words.index("-Q") + 1].split(","))
    assert served == set(QUEUES)
    scoring = next(process.command for process in processes(8000, ROOT) if process.name == "scoring")
    assert set(scoring[scoring.index("-A") :]) - {"-n", "scoring@%h"} <= set(ran("worker", "scoring"))


def test_a_worker_is_asked_under_the_name_it_was_given(ran):
    for role in ("default", "sending", "scoring"):
        words = ran("worker", role)
        named = words[words.index("-n") + 1].removesuffix("@%h")
        assert ran("answering", role)[-1].split("@")[0] == named == role


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_read_and_none_that_production_needs_is_missing(name):
    read, required = read_by_settings()
    assert required >= {"SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "CELERY_BROKER_URL"}
    named = {variable.removesuffix("_FILE") for variable in OURS[name]["environment"]}
    assert named <= read | read_by_run_script()
    assert required <= named


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_holds_a_secret_in_its_environment(name):
    service = SERVICES[name]
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$|DATABASE_URL")
    for variable, value in service.get("environment", {}).items():
        if secret.search(variable):
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()


def test_what_makes_the_secrets_makes_each_that_is_named_once(tmp_path):
    script = tmp_path / "secrets.sh"
    script.write_bytes((DOCKER / "secrets.sh").read_bytes())
    run = ["bash", str(script), "firstread.example.org"]
    subprocess.run(run, check=True, capture_output=True)
    folder = tmp_path / "secrets"
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(made) == {source["file"].removeprefix("./secrets/") for source in COMPOSE["secrets"].values()}
    assert made["database_password"] in made["database_url"]
    assert not any(content.endswith(b"\n") for name, content in made.items() if not name.endswith(".pem"))
    assert folder.stat().st_mode & 0o077 == 0
    subprocess.run(run, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_runs_with_as_few_rights_as_it_can(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if name in OURS:
        assert service["cap_drop"] == ["ALL"]
    if name not in ("proxy", "receiver"):
        assert "ports" not in service
    if name in ("database", "redis", "beat", "scoring"):
        assert service["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_image_is_made_by_the_steps_of_set_up_and_runs_as_nobody_in_particular():
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert any("IMAGE=yes bash docker/setup.sh" in line for line in lines)
    # Every package comes with that step, so that the pins hold for the image, too.
    assert not any(re.search(r"pip install|npm (ci|install)|apt-get", line) for line in lines)
    [user] = [line.split()[1] for line in lines if line.startswith("USER")]
    assert user == "10001:10001"
    last = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "python:3.11" in last[0]
    assert 'ENTRYPOINT ["/app/docker/run.sh"]' in last
    home = next(line for line in last if "FIRSTREAD_HOME" in line)
    assert f"FIRSTREAD_HOME={OURS['web']['volumes'][0].split(':')[1]}" in home


@pytest.mark.parametrize("secret", [".env", ".git", "var", "docker/secrets", "**/*.key", "**/*.pem"])
def test_what_is_kept_on_this_machine_does_not_come_into_the_image(secret):
    assert secret in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_what_the_image_needs_is_not_left_out_of_it():
    left_out = {line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if "*" not in line}
    assert not left_out & {"config", "accounts", "screening", "reports", "training", "bundles", "locale", "templates"}
    assert not left_out & {"static", "docker", "constraints", "pyproject.toml", "manage.py", "frontend"}


def test_set_up_for_the_image_leaves_the_tools_of_development_out_and_makes_no_database(tmp_path):
    """The script's own lines, without what they install."""
    script = (DOCKER / "setup.sh").read_text(encoding="utf-8")
    choice = script[script.index("extras=") : script.index("want=$(stamp pyproject.toml")]
    for image, extras in (("yes", ""), ("", "[dev]")):
        ended = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{choice}\nprintf %s \"$extras\""],
            env={**os.environ, "IMAGE": image}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert ended.stdout == extras
    assert script.index('[ -z "${IMAGE:-}" ] || exit 0') < script.index("manage.py migrate")


@pytest.mark.parametrize("name", sorted(read_by_settings()[0]))
def test_the_handbook_names_every_variable(name):
    assert f"`{name}`" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A server that is well when it is asked under its name; the port, and the names it was asked under."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers["Host"])
            self.send_response(200 if self.path == "/health/live" and asked[-1] == "firstread.example.org" else 400)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield httpd.server_port, asked
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_a_web_process_is_well_when_it_answers_under_its_name(server):
    port, asked = server
    assert healthy.web(f"0.0.0.0:{port}", "firstread.example.org,other.example.org")
    assert asked == ["firstread.example.org"]
    assert not healthy.web(f"0.0.0.0:{port}", "elsewhere.example.org")
    assert healthy.port(port)


def test_what_does_not_listen_is_not_well(server):
    port, _asked = server
    assert healthy.main(["port", str(port)]) == 0
    assert healthy.main(["port"]) == 2
    assert not healthy.web("0.0.0.0:1", "firstread.example.org")
