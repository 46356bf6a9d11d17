"""`docs/doors.toml`, and what code says of a field by itself."""

from __future__ import annotations

import tomllib
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Field

from portal.places import BASE

FILE = BASE / "docs/doors.toml"
DOORS: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
FIELDS: dict[str, dict[str, Any]] = DOORS["fields"]
# These tell of nobody by themselves: whose they are, yes or no, when a row was written, one of a few codes, how many.
TELLS_NOTHING = (
    *(models.BooleanField, models.DateTimeField, models.UUIDField, models.AutoField),
    *(models.IntegerField, models.FloatField, models.DurationField),
)


def every_field() -> dict[tuple[str, str], Field[Any, Any]]:
    return {
        (model._meta.label, field.name): field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
    }


def is_plain(field: Field[Any, Any]) -> bool:
    """What code itself says of it: neutral, unless it is named."""
    return bool(field.is_relation or field.primary_key or field.choices or isinstance(field, TELLS_NOTHING))


def personal() -> dict[tuple[str, str], str]:
    """Field -> kind."""
    return {
        (label, name): kind
        for label, said in FIELDS.items()
        for name, kind in said.items()
        if name != "neutral"
    }


def neutral() -> set[tuple[str, str]]:
    return {(label, name) for label, said in FIELDS.items() for name in said.get("neutral", ())}
