"""A law of the database that refuses: an answer to whoever asked, and not a fault."""

from __future__ import annotations

from django.db import DatabaseError, IntegrityError
from django.utils.translation import gettext_lazy as _

# Where nobody can say it better.
BROKEN = _("This would break a rule of the house, so nothing was saved.")


def refused_by_law(error: DatabaseError) -> bool:
    """Whether the database refused by a constraint or a trigger of ours."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, IntegrityError) or state.startswith("LM")
