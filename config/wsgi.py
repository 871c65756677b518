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
