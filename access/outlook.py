"""Who would pass a gate, and by what, if it opened by other methods: computed for everybody entitled there, before anything is said.

From rules and live credentials, by the code that tells the gates: each keeps a card, or a PIN that the gate still takes,
at the very hours of before. Who has none is named to the desk as somebody who needs a card. Who uses a face is named
nowhere, and counted only where no number gives anybody away (law 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from access.feed import foresee
from access.models import Credential, Gate
from access.plain_ways import CARRIED_BEFORE_YEARS
from residents.ages import today_in
from residents.models import Resident

# Fewer are not counted: with four users at a gate, everybody soon knows who they are.
COUNTED_FROM = 5


@dataclass(frozen=True, kw_only=True)
class Outlook:
    entitled: int  # who may pass today, small children left out
    left_without: Sequence[Resident]
    faces: int | None  # who opens it by face now; None where the number would say who

    @property
    def keeps(self) -> int:
        """With a plain way that remains, at the hours of before."""
        return self.entitled - len(self.left_without)

    @property
    def nobody_is_left(self) -> bool:
        return not self.left_without


def of(*, gate: Gate, methods: Iterable[str], at: datetime) -> Outlook:
    """As if the gate took these methods from now on. The number of queries does not depend on how many people there are."""
    then = foresee(gate=with_methods(gate, methods), at=at)
    carried = today_in(gate.neighborhood, at) - timedelta(days=CARRIED_BEFORE_YEARS * 365)
    people = Resident.objects.living().filter(Q(born=None) | Q(born__lte=carried), left_at=None)
    entitled = list(people.filter(pk__in=then.standing).order_by("created_at", "pk"))
    left = [
        each
        for each in entitled
        if not any(then.told.get(each.pk, {}).get(kind) == then.hours[each.pk] for kind in Credential.PLAIN)
    ]
    now = foresee(gate=gate, at=at) if "face" in gate.methods else then
    users = sum(Credential.Kind.FACE in now.told.get(each.pk, {}) for each in entitled)
    hidden = users < COUNTED_FROM or len(entitled) - users < COUNTED_FROM
    return Outlook(entitled=len(entitled), left_without=left, faces=None if hidden else users)


def with_methods(gate: Gate, methods: Iterable[str]) -> Gate:
    """The gate as it would be; not saved, and without touching the one given."""
    given = set(methods)
    values = {field.attname: getattr(gate, field.attname) for field in Gate._meta.concrete_fields}
    thought = Gate(**values | {f"by_{method}": method in given for method in Gate.METHODS})
    thought._state.adding = False
    return thought
