"""A room that is open, and a notice that says everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from consent.models import Incident
from residents.models import LookUp, Neighborhood, Resident, User
from sharing import leak_notices, leaks
from sharing.models import Leak, LeakNotice

WORDS = {
    "categories": "姓名、房号",
    "cause": "一台电脑被盗",
    "harm": "可能接到诈骗电话",
    "remedies": "账号已停用，密码已更换",
    "own_steps": "不要向陌生来电提供验证码",
    "contact": "柳岸路 1 号，0571 8800 0000",
    "office": "区网信办，窗口递交",
}


def opened(where: Neighborhood, *, by: User, at: datetime, noticed_at: datetime | None = None) -> Leak:
    return leaks.say(
        neighborhood=where,
        kind=Incident.Kind.LEAK,
        reason="一份名单在网上出现",
        noticed_at=noticed_at or at,
        by=by,
        at=at,
    )


def looked(who: Resident, by: User, *, at: datetime, minutes: int = 15) -> LookUp:
    return LookUp.objects.create(
        neighborhood=who.neighborhood,
        resident=who,
        by=by,
        capacity="property.clerk",
        reason="水管漏了",
        at=at,
        until=at + timedelta(minutes=minutes),
    )


def notice(leak: Leak, goes_to: str = "people", *, by: User, at: datetime, **other: Any) -> LeakNotice:
    return leak_notices.write(leak=leak, goes_to=LeakNotice.To(goes_to), words=WORDS | other, by=by, at=at)


def everybody(leak: Leak, *, by: User) -> None:
    """The whole register is affected, as it is by now."""
    at = datetime.now(UTC)
    leaks.all_of_it(leak=leak, until=at, by=by, at=at)


def told(where: Neighborhood, *, by: User) -> LeakNotice:
    """The whole register got out, and whoever has an account was told."""
    at = datetime.now(UTC)
    leak = opened(where, by=by, at=at)
    everybody(leak, by=by)
    said = leak_notices.send(notice=notice(leak, by=by, at=at), by=by, at=at)
    leak_notices.work(notice=said.pk, at=at)
    return said
