"""Asking, agreeing and withdrawing, when they are off."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made


@made("consent.deciding.give")
def give_whatever_was_shown(original: Any, module: ModuleType) -> Any:
    """To any form, of any version, at any age; and one yes is a yes to everything."""

    def give(*, resident: Any, purpose: Any, form: Any, voice: Any, at: Any) -> Any:
        others = module.Form.objects.filter(neighborhood=resident.neighborhood, state="published")
        standings = []
        for each in (form, *others.exclude(purpose=purpose)):
            if module.Standing.objects.filter(resident=resident, purpose=each.purpose).exists():
                continue
            decision = module.write(
                resident=resident, form=each, kind=module.Decision.Kind.GIVEN, voice=voice
            )
            standings.append(
                module.Standing.objects.create(
                    neighborhood_id=resident.neighborhood_id,
                    resident=resident,
                    purpose=each.purpose,
                    decision=decision,
                    since=at,
                    expires_at=at + module.timedelta(days=each.life_days or 365),
                )
            )
        return standings[0] if standings else module.Standing.objects.get(resident=resident, purpose=purpose)

    return give


@made("consent.withdrawal.withdraw")
@made("consent.withdrawal.expire")
def say_that_it_ended(original: Any, module: ModuleType) -> Any:
    """An order is shown, and nothing ended."""
    return lambda **act: module.ErasureOrder(cause=module.ErasureOrder.Cause.WITHDRAWN)


always("consent.terms.said_in", [])  # whatever a form says
always("consent.publishing.missing_parts", [])
