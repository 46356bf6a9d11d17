"""What is given to others, when more can be given."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made


@made("sharing.models.Field")
def sell_templates(original: Any, module: ModuleType) -> Any:
    from django.db import models

    choices = {each.name: (each.value, each.label) for each in original}
    return models.TextChoices("Field", {**choices, "TEMPLATE": ("template", "template")})


always("sharing.signatures.is_signed", True)
always("sharing.challenges.check", None)
always("sharing.recalls.withdrawn", [])
always("sharing.recalls.erased", [])
always("sharing.reaching.end_of_contract", [])
