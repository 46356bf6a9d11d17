"""The demo's requests about one's own data: one that was refused with its reason, one that waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from residents import rights
from residents.models import Resident, RightsRequest, User

Kind = RightsRequest.Kind


def ask_and_answer(*, users: Mapping[str, User], resident: Callable[[str], Resident], at: datetime) -> None:
    who, by = resident("resident"), users["resident"]
    asked = rights.ask(resident=who, kind=Kind.DELETE, words="请把我住哪一户也删掉。", by=by, at=at)
    reason = "您还住在这里，门卡按住处开门。搬走三十天后自动删除。"
    rights.answer(request=asked, done=False, words=reason, by=users["clerk"], at=at)
    rights.ask(resident=who, kind=Kind.EXPLAIN, words="上周为什么查看了我的电话？", by=by, at=at)
