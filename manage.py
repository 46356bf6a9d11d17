#!/usr/bin/env python
"""Runs a management command; where no servers are configured, with the embedded ones."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

# These touch no database: they must not start one.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "demo",
    "diffsettings",
    "help",
    "reset",
    "spectacular",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from portal import embedded

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    wanted = command not in WITHOUT_SERVERS and not {"-h", "--help", "--version"} & set(sys.argv)
    with ExitStack() as stack:
        if wanted and not settings.PRODUCTION and (settings.EMBEDDED_DATABASES or settings.EMBEDDED_REDIS):
            stack.enter_context(embedded.serve(settings.VAR))
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
