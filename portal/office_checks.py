"""What a start refuses of how staff sign in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def check_office(**kwargs: Any) -> Iterator[CheckMessage]:
    """What staff see of people opens to a second step, and does not stay open for whoever comes by."""
    if settings.PRODUCTION and not settings.STAFF_SECOND_STEP:
        yield Error(
            "STAFF_SECOND_STEP is off: a password alone would open the desk.",
            hint="Unset it. Staff set up a second step when they first come to the desk.",
            id="linmen.E060",
        )
    for name in ("STAFF_IDLE_MINUTES", "SHARED_IDLE_MINUTES"):
        if not 1 <= getattr(settings, name) <= 120:
            yield Error(
                f"{name} is no time after which somebody has left: 1 to 120 minutes.", id="linmen.E060"
            )
