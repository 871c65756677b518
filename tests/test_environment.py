"""What the environment names is taken as it is: odd folders, a broker that is away or says nothing."""

from __future__ import annotations

import datetime as dt
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from config.env import ROOT
from screening.services.broker import purge_delivered

SEND = """
import datetime as dt
import os
import django
django.setup()
from django.conf import settings
from django.db import connection
from config.celery import app
connection.ensure_connection()
try:
    app.send_task("nobody.knows", args=[1], queue="default")
    print("sent")
except Exception as error:
    print(type(error).__name__)
"""


def send(home: Path, **env: str) -> str:
    """What became of one message, in a process of its own."""
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    ended = subprocess.run(
        [sys.executable, "-c", SEND],
        cwd=ROOT,
        env={**own, "FIRSTREAD_HOME": str(home), "DJANGO_SETTINGS_MODULE": "config.settings.local", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,  # a broker that says nothing would hold the sender for ever
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("name", ["two words", "50%20", "#1", "Über", "a+b&c=d"])
def test_a_data_folder_may_have_any_name(tmp_path, name):
    home = tmp_path / name
    assert send(home) == "sent"
    assert (home / "firstread.sqlite3").exists()
    assert (home / "broker.sqlite3").stat().st_size > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_broker_that_takes_the_line_and_says_nothing_holds_nobody(tmp_path):
    with closing(socket.socket()) as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        port = mute.getsockname()[1]
        assert send(tmp_path, CELERY_BROKER_URL=f"redis://127.0.0.1:{port}/0") == "OperationalError"


def test_delivered_messages_leave_the_embedded_brokers_file_and_waiting_ones_stay(tmp_path, settings):
    home = tmp_path / "50%20 data"
    for _ in range(3):
        send(home)
    with closing(sqlite3.connect(home / "broker.sqlite3")) as file, file:
        file.execute("UPDATE kombu_message SET visible = 0 WHERE id < 3")
        file.execute("UPDATE kombu_message SET timestamp = '2001-01-01 00:00:00' WHERE id = 1")
    settings.CELERY_BROKER_URL = f"sqla+sqlite:///{quote(str(home / 'broker.sqlite3'))}"
    assert purge_delivered(older_than=dt.timedelta(hours=1)) == 1
    with closing(sqlite3.connect(home / "broker.sqlite3")) as file:
        assert file.execute("SELECT id FROM kombu_message ORDER BY id").fetchall() == [(2,), (3,)]
