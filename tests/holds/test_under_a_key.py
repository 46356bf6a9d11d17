"""What a hold wants kept is committed before the key of it ends, and nothing empty is ever taken for what somebody wrote."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from committees.models import ServicePhoto, ServiceRequest, ServiceWords
from portal import retention, roles
from residents import holds
from residents.models import HeldRow, Hold
from tests import holding
from tests.committees.service import asked, days_pass, done, picture
from tests.make import swept
from tests.processes.crashing import die_before, points_of
from vault import keys, sealing

RULE = "committees.service_words"
WORDS = "楼道灯不亮了"


@pytest.fixture
def hold(committed, resident, two, now) -> Hold:
    return holding.held(resident, two, at=now)


@pytest.fixture
def over(hold, resident, clerk, now) -> ServiceRequest:
    """Its time has come."""
    made = done(asked(resident, at=now, words=WORDS, pictures=[picture(size=(60, 40))]), clerk, at=now)
    return days_pass(made, timedelta(days=181))


def kept(hold: Hold, request: ServiceRequest) -> dict:
    """The one copy of it, in the clear."""
    row = HeldRow.objects.get(hold=hold, row=request.pk)
    context = holds.context(hold.pk, row.source, row.row)
    copy: dict = json.loads(sealing.decrypt(key=hold.key, ciphertext=bytes(row.sealed), context=context))
    return copy


def sweep() -> retention.Turn:
    (rule,) = (each for each in retention.RULES if each.code == RULE)
    (turn,) = retention.sweep(at=timezone.now(), rules=[rule])
    return turn


def is_whole(copy: dict) -> bool:
    """What was said is in it, as it was."""
    return not copy["gone"] and copy["steps"][0]["words"] == WORDS and len(copy["pictures"]) == 1


def is_gone(request: ServiceRequest) -> bool:
    of_it = {"step__request": request}
    rows = ServiceWords.objects.filter(**of_it).exists() or ServicePhoto.objects.filter(**of_it).exists()
    return not rows and keys.state(request.key) == keys.State.DESTROYED


@pytest.mark.obligation("10")
def test_it_keeps_what_was_said_and_the_words_go(over, hold):
    assert swept(RULE, at=timezone.now()) == 1
    assert is_whole(kept(hold, over))
    assert is_gone(over)


@pytest.mark.obligation("10", "F16")
def test_who_holds_a_row_meanwhile_costs_nobody_a_word(over, hold):
    to = connections["default"].settings_dict
    with psycopg.connect(host=to["HOST"], port=to["PORT"], dbname=to["NAME"], user=roles.OWNER) as other:
        other.execute("SELECT * FROM committees_servicewords FOR UPDATE")
        turn = sweep()
        assert (turn.gone, turn.failed > 0) == (0, True)
        assert keys.state(over.key) == keys.State.LIVE
    assert swept(RULE, at=timezone.now()) == 1
    assert is_whole(kept(hold, over))
    assert is_gone(over)


@pytest.mark.slow
@pytest.mark.obligation("10", "F16")
def test_killed_at_any_point_the_next_sweep_ends_it_and_the_copy_is_whole(over, hold, resident, clerk, now):
    def again() -> ServiceRequest:
        made = done(asked(resident, at=now, words=WORDS, pictures=[picture(size=(60, 40))]), clerk, at=now)
        return days_pass(made, timedelta(days=181))

    sweep()  # the first of a day opens its book
    again()
    points = points_of(sweep)
    assert any("vault" in each for each in points), points
    for number in range(1, len(points) + 1):
        request = again()
        die_before(number, sweep)
        turn = sweep()
        assert not turn.failed
        assert is_gone(request)
        assert is_whole(kept(hold, request)), points[number - 1]


@pytest.mark.obligation("10")
def test_what_nobody_can_read_any_more_is_said_to_be_gone(over, hold):
    """A worker died after the key, and the hold came after that."""
    keys.destroy(id=over.key)
    assert swept(RULE, at=timezone.now()) == 1
    copy = kept(hold, over)
    assert copy["gone"]
    assert [each["words"] for each in copy["steps"]] == [None, None]
    assert copy["pictures"] == []
    assert is_gone(over)
