"""What the web server imports."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

from portal import memory  # noqa: E402
from portal.checks import refuse_if_unsafe  # noqa: E402  (the apps must be there)

memory.keep_out_of_core_files()
refuse_if_unsafe()
