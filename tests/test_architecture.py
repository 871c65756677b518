"""What keeps the parts apart: sizes, imports, edges, the table of jobs, migrations, production settings."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from config.jobs import JOBS, QUEUES

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("config", "accounts", "screening", "reports", "training")
SOURCES = (*PACKAGES, "tests", "benchmarks", "docker", "frontend", "static", "templates")
BUILT = {"node_modules", "dist", "__pycache__", "migrations"}
LIMIT = 400
# The only places where any error at all is met: what the process does next does not depend on which it was.
PROCESS_EDGES = {
    "screening/dimse/server.py",
    "screening/gpu_tasks.py",
    "screening/management/commands/score.py",
}
WEB_PARTS = {
    "views",
    "api",
    "api_urls",
    "urls",
    "receivers",
    "admin",
    "tasks",
    "services",
    "selectors",
    "models",
    "dicomweb",
}
WEB = """
import importlib, json, sys
import config.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
for name in sys.argv[1:]:
    importlib.import_module(name)
heavy = {"torch", "transformers", "tokenizers", "safetensors"}
print(json.dumps(sorted(heavy & {name.partition(".")[0] for name in sys.modules})))
"""
TASKS = """
import importlib, json
import config.celery
for name in ("accounts.tasks", "screening.tasks", "reports.tasks", "screening.gpu_tasks", "reports.gpu_tasks"):
    importlib.import_module(name)
print(json.dumps(sorted(name for name in config.celery.app.tasks if not name.startswith("celery."))))
"""


def files(*endings: str, under: tuple[str, ...] = SOURCES) -> list[Path]:
    found = (path for top in under for ending in endings for path in (ROOT / top).rglob(f"*{ending}"))
    return sorted(path for path in found if not BUILT.intersection(path.relative_to(ROOT).parts))


def in_a_process(code: str, *arguments: str) -> str:
    """The last line a fresh interpreter prints."""
    own = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1]


def test_no_file_is_longer_than_the_limit():
    measured = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in files(".py", ".js", ".mjs", ".css", ".html")
    }
    assert len(measured) > 200
    assert {str(path.relative_to(ROOT)): lines for path, lines in measured.items() if lines > LIMIT} == {}


def local_imports(tree: ast.AST) -> list[int]:
    """Lines of the imports that stand inside a function."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [
        inner.lineno for node in functions for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def broad_handlers(tree: ast.AST) -> list[int]:
    """Lines of the handlers that catch any error whatever."""
    broad = {"Exception", "BaseException"}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)} if node.type else broad
            if caught & broad:
                found.append(node.lineno)
    return found


def test_the_readers_of_code_see_what_they_look_for():
    tree = ast.parse(
        "def f():\n    import os\n    try:\n        g()\n    except (ValueError, Exception):\n        pass\n"
    )
    assert local_imports(tree) == [2]
    assert broad_handlers(tree) == [5]
    assert broad_handlers(ast.parse("try:\n    g()\nexcept:\n    h()\n")) == [3]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_function_imports_for_itself(package):
    found = {
        str(path.relative_to(ROOT)): lines
        for path in files(".py", under=(package,))
        if (lines := local_imports(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_any_error_at_all_is_caught_only_at_the_edges_of_a_process():
    found = {
        str(path.relative_to(ROOT))
        for path in files(".py", under=PACKAGES)
        if broad_handlers(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == PROCESS_EDGES


def test_no_web_process_loads_a_model_library():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files(".py", under=("accounts", "screening", "reports"))
    ]
    web = [name for name in modules if name.count(".") and name.split(".")[1] in WEB_PARTS]
    assert len(web) > 40
    assert json.loads(in_a_process(WEB, *web)) == []


def test_the_scoring_worker_does_load_one():
    """So that the test above looks for names that are there to be found."""
    code = "import django; django.setup(); import screening.gpu_tasks, sys; print('torch' in sys.modules)"
    assert in_a_process(code) == "True"


def test_every_job_names_a_task_and_every_task_is_a_job():
    assert json.loads(in_a_process("import django; django.setup()\n" + TASKS)) == sorted(
        job.task for job in JOBS.values()
    )


def test_every_job_runs_on_a_queue_that_a_worker_takes():
    assert {job.queue for job in JOBS.values()} <= set(QUEUES)


def test_the_migrations_are_complete(db):
    told = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=told)
    assert "No changes" in told.getvalue()


def test_migrations_depend_on_each_other_in_one_direction():
    order = ("accounts", "screening", "reports")
    graph = MigrationLoader(None).graph
    wrong = [
        (child, parent)
        for child, node in graph.node_map.items()
        for parent in (above.key for above in node.parents)
        if child[0] in order and parent[0] in order and order.index(parent[0]) > order.index(child[0])
    ]
    assert wrong == []
    assert set(order) <= {app for app, _name in graph.leaf_nodes()}


def test_our_apps_are_the_ones_the_import_contracts_name():
    ours = {config.label for config in apps.get_app_configs() if Path(config.path).parent == ROOT}
    assert ours == {"accounts", "screening", "reports"}


def test_production_settings_pass_the_deployment_check_without_a_warning(tmp_path):
    env = {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": "k7Jq2zPw9Xv4Rt6Ym1Hs8Bd3Lc5Ng0FaUeOiTxWrQk3Zv8Np5Gt",
        "ALLOWED_HOSTS": "firstread.example.org",
        "DATABASE_URL": "postgres://firstread@localhost/firstread",
        "CELERY_BROKER_URL": "redis://localhost:6379/0",
        "FIRSTREAD_HOME": str(tmp_path),
    }
    # The browser tests set this one for their process, which may be this one.
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env={**own, **env}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "no issues" in run.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "CELERY_BROKER_URL"])
def test_production_does_not_start_without_a_value_it_needs(missing, tmp_path):
    env = {
        "SECRET_KEY": "k7Jq2zPw9Xv4Rt6Ym1Hs8Bd3Lc5Ng0FaUeOiTxWrQk3Zv8Np5Gt",
        "ALLOWED_HOSTS": "firstread.example.org",
        "DATABASE_URL": "postgres://firstread@localhost/firstread",
        "CELERY_BROKER_URL": "redis://localhost:6379/0",
    }
    kept = {name: value for name, value in os.environ.items() if name not in env}
    run = subprocess.run(
        [sys.executable, "-c", "import config.settings.production"],
        cwd=ROOT, env={**kept, **{name: value for name, value in env.items() if name != missing}, "FIRSTREAD_HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    assert missing in run.stderr
