"""What ends in the demo: a deletion, with its certificate; what a court wants kept; a term that is handed over; and the sets that
backups lie in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from committees import handing_over
from committees.models import Term
from consent import deciding, voices, withdrawal
from consent.models import Form, Purpose
from portal import backups, certifying, erasure
from residents import holds
from residents.models import Backup, ErasureOrder, Neighborhood, Resident, User

STOPPED, HELD = "wei", "ding"
ASKS, CONFIRMS = "residents-chair", "residents-clerk"


def say_yes_and_stop(
    *,
    neighborhood: Neighborhood,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    """Somebody wanted face entry, thought again before any photo was taken, and stopped it."""
    who, voice = resident(STOPPED), voices.own(users[STOPPED], users[STOPPED].language)
    form = Form.objects.get(
        neighborhood=neighborhood, purpose=Purpose.FACE_AT_GATE, state=Form.State.PUBLISHED
    )
    deciding.give(resident=who, purpose=Purpose.FACE_AT_GATE, form=form, voice=voice, at=at)
    withdrawal.withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=voice, at=at)


def hold(*, users: Mapping[str, User], resident: Callable[[str], Resident], at: datetime) -> None:
    asked = holds.propose(
        resident=resident(HELD),
        by=users[ASKS],
        name="地下车库渗水案",
        reason="法院要看谁报过修、什么时候进出过。",
        basis="《民事诉讼法》第八十四条",
        document="（虚构）人民法院证据保全裁定，存居委会档案柜",
        scopes=("entries", "requests"),
        ends_at=at + timedelta(days=300),
        at=at,
    )
    holds.confirm(hold=asked, by=users[CONFIRMS], at=at)


def hand_over(*, leaves: User, opens: User, at: datetime) -> None:
    """Near the end of a term: opened, and to be sealed by whoever leaves."""
    handing_over.open_(term=Term.objects.get(user=leaves), by=opens, at=at)


def finish(*, resident: Resident, at: datetime) -> None:
    """After the commit: each place of the deletion is seen to and asked, and says so; then the certificate. Sets of backups come
    after it, and are of what was deleted since."""
    for order in ErasureOrder.objects.filter(resident=resident):
        erasure.run(order=order.pk, at=at)
        certifying.issue(resident=resident, order=order, at=at)
    for kind, days in ((Backup.Kind.DATA, 14), (Backup.Kind.VAULT, 3)):
        backups.declare(kind=kind, days=days, at=at)
