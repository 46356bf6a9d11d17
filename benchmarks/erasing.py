"""What erasing one resident costs among 10,000 and among 100,000.

A scratch cluster holds one neighborhood; each resident has a dwelling and a sealed number, and those who go have an account and a
card. Some move out, the days of grace pass, and they are erased: the register's rows and the account, what waits at gates,
keys, and the orders' places up to what waits for the night. Then the same once more, after the register has grown tenfold. What is
compared are medians, so the rival of many is few.

Limit: among many, one costs at most LIMIT times what one costs among few. What is done once a night for all who were erased that
day, the rewriting of the tables' files, grows with the register and is printed beside it.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks.ledger import VAR, scratch
from benchmarks.release import AT_ONCE, some
from benchmarks.report import Result, held

FEW, MANY = (int(each) for each in os.environ.get("BENCH_AMONG", "10000,100000").split(","))
ERASED = 40
LIMIT = 1.25


def grow(here: Any, building: Any, numbers: range) -> None:
    from django.utils import timezone

    from portal import embedded

    for start in range(numbers.start, numbers.stop, AT_ONCE):
        some(here, building, range(start, min(start + AT_ONCE, numbers.stop)), timezone.now())
    for name in embedded.DATABASES.values():
        with embedded.connect(VAR, name) as session:
            session.execute("VACUUM ANALYZE")


def measured(here: Any) -> tuple[float, float]:
    """Seconds for one person, the median of those who went; and seconds of the night for all of them."""
    from django.utils import timezone

    from portal import erasure
    from residents.models import ErasureOrder, ErasurePlace, Resident

    at = timezone.now()
    known = set(ErasureOrder.objects.values_list("pk", flat=True))
    people = list(Resident.objects.filter(neighborhood=here, left_at=None).order_by("?")[:ERASED])
    taken = [erased(who, at) for who in people]
    orders = ErasureOrder.objects.exclude(pk__in=known)
    left = set(ErasurePlace.objects.open().filter(order__in=orders).values_list("kind", flat=True))
    assert left == {ErasurePlace.Kind.PAGES}, left
    began = time.perf_counter()
    erasure.run_all(orders=list(orders.values_list("pk", flat=True)), at=at + timedelta(days=2))
    night = time.perf_counter() - began
    assert not orders.incomplete().exists()
    return statistics.median(taken), night


def erased(who: Any, at: Any) -> float:
    from access import cards
    from portal import erasure
    from residents import leaving, moving
    from residents.ages import today_in
    from residents.models import ErasureOrder, User
    from tests import long_ago

    who.user = User.objects.create(username=f"bench-{who.pk}")
    who.save()
    cards.issue(resident=who, number=f"{who.pk.int % 10**14:014}", at=at)
    began = time.perf_counter()
    moving.move_out(resident=who, on=today_in(who.neighborhood, at), by=who.user, at=at)
    moved = time.perf_counter() - began
    long_ago.left_at(who, at - timedelta(days=31))  # not part of it: the days of grace go by
    began = time.perf_counter()
    assert leaving.erase(resident=who, at=at)
    for order in ErasureOrder.objects.filter(resident=who).values_list("pk", flat=True):
        erasure.run(order=order, at=at)
    return moved + time.perf_counter() - began


def report(found: dict[int, tuple[float, float]]) -> bool:
    for among, (one, night) in found.items():
        sys.stdout.write(
            f"among {among:>7,} {one * 1000:>7.1f} ms for one, {night:.2f} s a night for all {ERASED}\n"
        )
    few, many = found[FEW][0], found[MANY][0]
    return held(Result(f"erasing one among {MANY:,}, beside {FEW:,}", many, few, many / few, LIMIT))


def main() -> int:
    with scratch():
        from django.conf import settings

        from residents.models import Building, Neighborhood

        settings.PAGES_HOUR = 3  # as where people live
        here = Neighborhood.objects.create(name="基准")
        building = Building.objects.create(neighborhood=here, name="1 幢")
        found = {}
        grown = 0
        for among in (FEW, MANY):
            grow(here, building, range(grown, among))
            grown = among
            found[among] = measured(here)
        return 0 if report(found) else 1


if __name__ == "__main__":
    sys.exit(main())
