"""WSGI entry for gunicorn."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
application = get_wsgi_application()

# What a process holds from its start is no garbage: without this, now and then a page waits a tenth of a second while
# all of it is looked through.
gc.collect()
gc.freeze()
# A page makes tens of thousands of small objects and leaves none behind: looking for garbage at every 700 of them took
# a tenth of its time.
gc.set_threshold(50_000, 20, 50)
