"""`kill -9` at every commit point of a rotation: late, and no worse. The next turn goes on from there."""

from __future__ import annotations

import pytest

from tests.processes.crashing import die_before, points_of
from tests.vault.test_rotation import made, opens
from vault import epochs, keys, rotation
from vault.keys import State
from vault.models import Epoch, Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def rotate() -> None:
    rotation.turn(now=True)


def settle() -> None:
    """The next worker. What was killed may hold its locks for a moment after its death, so more than one turn."""
    for _ in range(100):
        rotation.turn()
        if Epoch.objects.filter(retired_at=None).count() == 1:
            return
    pytest.fail(f"it does not come to an end: {list(Epoch.objects.values_list())}")


@pytest.mark.obligation("9", "22", "F13", "F15", "F16")
def test_it_goes_on_from_wherever_it_died(places):
    sealed = made(rotation.BATCH + 5)  # two batches
    ended = next(iter(made(1)))
    keys.destroy(id=ended)

    points = points_of(rotate)

    def count(*words: str) -> int:
        return sum(point.startswith(words) for point in points)

    assert count("replace") == 2, points  # the new salt, in both places
    assert count("commit of vault") == 4, points  # the row, two batches, and the look that found nothing left
    assert count("vault: SELECT public.linmen_rewrite") == 1, points
    assert count("unlink") == 2, points  # the old salt
    assert count("vault: UPDATE vault_epoch") == 2, points  # cleared, retired
    opened = []
    for point in range(1, len(points) + 1):
        where = f"killed before {points[point - 1]}"
        die_before(point, rotate)
        opens(sealed)  # at once, before anybody mends anything
        opened.append(Epoch.objects.count())
        settle()
        opens(sealed)
        assert keys.state(ended) is State.DESTROYED, where
        newest = Epoch.objects.get(retired_at=None)
        assert set(Key.objects.exclude(wrapped=None).values_list("epoch", flat=True)) == {newest.number}, (
            where
        )
        retired = {
            bytes(name) for name in Epoch.objects.exclude(retired_at=None).values_list("name", flat=True)
        }
        main, copy = places.names()
        left = {name.removesuffix(".salt") for name in main | copy if not name.startswith(".")}
        assert not left & {name.hex() for name in retired}, where
        assert epochs.keeper().lacking([bytes(newest.name)]) == [], where
    assert opened[0] < opened[-1], "some were killed before the row, and some after"

    rotate()  # takes up what was left lying, and clears drafts
    settle()
    newest = Epoch.objects.get(retired_at=None)
    assert places.names() == ({f"{bytes(newest.name).hex()}.salt"},) * 2
    opens(sealed)
