"""The Celery application. The worker imports each room's `tasks.py`; beat sweeps for whatever is due."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("linmen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
