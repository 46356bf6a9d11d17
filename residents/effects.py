"""Calls against the direction of imports.

A withdrawal in `consent` must erase in `access`, which imports `consent`. Such effects are one table in the settings,
`EFFECTS` (portal/effects.py): name -> dotted callable. A system check refuses to start when one is missing or cannot be imported.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


class EffectMissing(LookupError):
    """Nothing is registered under this name: refuse loudly, for an effect that does not happen is a broken law."""


def call(name: str, **arguments: Any) -> Any:
    """Call the effect registered under `name`."""
    try:
        dotted = settings.EFFECTS[name]
    except KeyError:
        raise EffectMissing(name) from None
    return import_string(dotted)(**arguments)
