"""What was asked, agreed to and is about to be given, for pages to show."""

from __future__ import annotations

from datetime import datetime, timedelta

from residents.models import (
    Neighborhood,
)
from sharing import answering, contracts, disclosing, requesting
from sharing.models import Recipient, Request
from tests import make
from tests.sharing import receiving
from tests.sharing.passing import its_time_passes


def shared(resident, clerk, chair, superuser, here: Neighborhood, now: datetime) -> None:
    recipient = Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")

    def ask(purpose: str, deadline: datetime) -> Request:
        drafted = requesting.draft(
            recipient=recipient,
            kind="delivery",
            purpose=purpose,
            purpose_en="Water for Willow Bank",
            fields=["name", "phone"],
            retention_days=30,
            deadline=deadline,
            by=clerk,
            at=now,
        )
        return requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)

    signed = Recipient.objects.create(neighborhood=here, name="柳岸维修队", contact="柳岸路 5 号")
    contracts.write(
        recipient=signed,
        starts=now.date(),
        until=now.date(),
        fields=["name"],
        kinds=["repair"],
        measures="锁柜",
        paper="2 号柜",
        by=clerk,
        at=now,
    )
    given = ask("送水到户", now + timedelta(days=2))
    answering.answer(request=given, resident=resident, fields=given.fields, actor=resident.user, at=now)
    its_time_passes(given)
    receiving.key(recipient, by=chair, at=now)
    receiving.made(disclosing.release(request=given, by=chair, at=now), at=now)
    ask("送奶到户", now + timedelta(days=2))
