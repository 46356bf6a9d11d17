"""From when on a destroyed key is gone for good, in words for its owner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vault import rotation
from vault.epochs import Final


def words(finals: Iterable[Final], *, at: datetime) -> str:
    """Of all these keys together: the last of them says when. Empty where none was destroyed."""
    found = list(finals)
    if before := [final.copies_before for final in found if final.copies_before]:
        return _(
            "Backups of our keys from before %(day)s may still hold it. It is final once the last of them is destroyed."
        ) % {"day": _day(max(before))}
    if expected := [final.expected for final in found if final.expected]:
        if at > max(expected) + rotation.PATIENCE:
            return _(
                "It was to be final on %(day)s and is not yet: what this key was locked with is still to be destroyed. Our"
                " alarm says so, too."
            ) % {"day": _day(max(expected))}
        return _(
            "Final on %(day)s. On that day we destroy what this key was locked with. Until then, an old backup of our keys"
            " could still open it for whoever has that, too."
        ) % {"day": _day(max(expected))}
    if since := [final.since for final in found if final.since]:
        return _(
            "Final since %(day)s: what this key was locked with is destroyed as well, so no old backup brings it back."
        ) % {"day": _day(max(since))}
    return ""


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT")
