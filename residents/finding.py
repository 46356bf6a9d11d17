"""Finding somebody at the desk: by their dwelling, the beginning of their number, or their phone typed in full.

Never by name alone: asking for a name is a way of learning it. A name counts beside a dwelling, typed in full, and a wrong
one is told nothing. Whoever asks shows the results masked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db import transaction

from ledger.record import record
from residents import contact
from residents.models import Neighborhood, Occupancy, Resident, Unit, User

LONGEST = 80  # of what anybody types
MOST_DWELLINGS = 12
SHORTEST_NUMBER = 6
SHORTEST_PHONE = 7
GUESSES, GUESS_WINDOW = 20, timedelta(minutes=15)

_WORDS = re.compile(
    r"号楼|单元|BUILDING|BLOCK|TOWER|ENTRANCE|UNIT|ROOM|FLAT|APARTMENT|APT|NUMBER|NO\.|[幢栋座楼号室房户門门#＃]"
)
_PARTS = re.compile(r"[0-9]+|[A-Z]+|[\u3400-\u9fff]+")
_DIGITS = {
    "〇": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_COUNTED = re.compile(r"[〇零一二两三四五六七八九十]+")


@dataclass(frozen=True)
class Home:
    """A dwelling, and who lives there today."""

    unit: Unit
    people: Sequence[Resident]


def spelled(text: str) -> tuple[str, ...]:
    """The parts of a dwelling in one spelling: `１幢301室`, `1-301`, `一号楼 301` are all ("1", "301")."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).upper()
    counted = _COUNTED.sub(lambda found: _counted(found[0]), folded)
    parts = _PARTS.findall(_WORDS.sub("-", counted))
    # A building may be called nothing but such a word.
    return tuple(part.lstrip("0") or "0" for part in parts or _PARTS.findall(counted))


def dwellings(text: str, *, neighborhood: Neighborhood) -> list[UUID]:
    """Which dwellings may be meant: the very one, else those whose parts run together so, or that have this number in
    any building. One query, whatever the number of dwellings."""
    asked = spelled(text)
    if not asked:
        return []
    joined = "".join(asked)
    known = [
        (pk, spelled(building), spelled(number))
        for pk, building, number in Unit.objects.filter(neighborhood=neighborhood)
        .order_by("building__name", "number")
        .values_list("pk", "building__name", "number")
    ]
    exactly = [pk for pk, building, number in known if building + number == asked]
    nearly = (pk for pk, building, number in known if "".join(building + number) == joined or number == asked)
    return exactly or list(nearly)[:MOST_DWELLINGS]


def homes(units: Iterable[UUID], *, today: date) -> list[Home]:
    """In the order of the buildings; also those where nobody lives. Two queries."""
    found = list(Unit.objects.filter(pk__in=list(units)).select_related("building"))
    lived = (
        Occupancy.objects.current(today)
        .filter(unit__in=found, resident__erased_at=None)
        .select_related("resident")
        .order_by("since", "pk")
    )
    people: dict[UUID, list[Resident]] = {unit.pk: [] for unit in found}
    for each in lived:
        if each.resident not in people[each.unit_id]:
            people[each.unit_id].append(each.resident)
    found.sort(key=lambda unit: (len(unit.building.name), unit.building.name, len(unit.number), unit.number))
    return [Home(unit, people[unit.pk]) for unit in found]


def of_this_name(found: Iterable[Resident], name: str) -> list[Resident]:
    """Whose name it is, typed in full; spaces and widths are forgiven, nothing else is."""
    asked = _folded_name(name)
    return [resident for resident in found if asked and _folded_name(resident.name) == asked]


def by_number(text: str, *, neighborhood: Neighborhood) -> list[Resident]:
    """By the beginning of the resident's number: six of its letters and digits, or more."""
    start = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_NUMBER},32}}", start):
        return []
    first, last = UUID(start.ljust(32, "0")), UUID(start.ljust(32, "f"))
    here = Resident.objects.living().filter(neighborhood=neighborhood)
    return list(here.filter(pk__gte=first, pk__lte=last).order_by("pk")[:MOST_DWELLINGS])


def by_phone(text: str, *, neighborhood: Neighborhood) -> list[Resident]:
    """By a phone number typed in full: several people may share it."""
    if not is_phone(text):
        return []
    number = contact.normalise(text)
    having = Resident.objects.living().filter(
        neighborhood=neighborhood, phone_index=contact.index(neighborhood, number)
    )
    return list(having.order_by("pk")[:MOST_DWELLINGS])


def may_guess(*, by: User, neighborhood: Neighborhood) -> bool:
    """Names and phones are not for guessing: so many in a quarter of an hour, then it takes a card or a number.

    Whoever goes on beyond it stands in the ledger, once for each quarter.
    """
    counter = f"desk-guesses:{by.pk}"
    cache.add(counter, 0, timeout=int(GUESS_WINDOW.total_seconds()))
    try:
        tried = cache.incr(counter)
    except ValueError:  # it ran out between the two
        return True
    if tried == GUESSES + 1:
        with transaction.atomic():
            record(kind="desk.guessed", subject=None, neighborhood=neighborhood.pk, payload={"by": by.pk})
    return tried <= GUESSES


def is_phone(text: str) -> bool:
    """Whether it could be a phone number in full."""
    try:
        return len(contact.normalise(text)) >= SHORTEST_PHONE
    except contact.PhoneRefused:
        return False


def _folded_name(name: str) -> str:
    return re.sub(r"[\s·・]", "", unicodedata.normalize("NFKC", name)).casefold()


def _counted(written: str) -> str:
    """三〇一 is 301, 十二 is 12, 二十 is 20."""
    if "十" not in written:
        return "".join(str(_DIGITS[each]) for each in written)
    tens, _ten, ones = written.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return written
    return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))
