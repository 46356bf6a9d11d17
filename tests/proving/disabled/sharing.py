"""What is given to others, when more can be given."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made, off

always("sharing.given.proofs", {})


@off("sharing.files.harmless")
def whatever_it_runs(value: str) -> str:
    return value


@made("sharing.models.parties.Field")
def sell_templates(original: Any, module: ModuleType) -> Any:
    from django.db import models

    choices = {each.name: (each.value, each.label) for each in original}
    return models.TextChoices("Field", {**choices, "TEMPLATE": ("template", "template")})


@off("sharing.speaking.insist")
def anybody(**asked: Any) -> dict[str, str]:
    """Whoever comes speaks for a committee."""
    return {"owners": "owners.chair"}


# A contract that is over holds, and one is asked of nobody.
always("sharing.contracts.is_open", True)
always("sharing.contracts.insist_for", None)
always("sharing.requesting.asks_of_a_body", False)


# Nothing is to be told after a leak, and it concerns nobody; whoever comes works in its room.
always("sharing.duties.of", [])
always("sharing.leaks.concerns", 0)
always("sharing.leaks.heading", "owners.chair")
always("sharing.leak_notices.work", 0)
always("sharing.leak_notices.due", [])


@off("sharing.leak_notices.told_of")
def nothing_was_told(resident: Any) -> Any:
    from sharing.models import LeakTold

    return LeakTold.objects.none()


# Whatever is pasted was signed, and nobody is asked to delete anything.
always("sharing.signatures.is_signed", True)
always("sharing.challenges.check", None)
always("sharing.recalls.withdrawn", [])
always("sharing.recalls.erased", [])
always("sharing.reaching.end_of_contract", [])


# Whoever an order is about is told of it before its day, or never; and whatever it says, it is one.
always("sharing.telling.by_order", True)
always("sharing.orders.check", None)


@made("sharing.given.shown")
def whatever_was_given(original: Any, module: ModuleType) -> Any:
    return lambda: module.DisclosedRow.objects.filter(copy__state__in=["ready", "handed"])


@made("sharing.given.by_order")
def to_whoever_asks(original: Any, module: ModuleType) -> Any:
    beside = ("order", "copy__disclosure__request__recipient")
    of = module.DisclosedRow.objects.select_related(*beside)
    return lambda resident, request: of.filter(order__request=request).first()
