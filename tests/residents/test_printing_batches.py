"""Printing letters in batches: one for each person, once, and never for a mailbox that others read."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry
from residents import batches, claiming, letters
from residents.ages import today_in, years_before
from residents.batches import Choice, Who
from residents.models import Building, Letter, LetterBatch, Occupancy, Ownership, Resident, Unit, User
from residents.register import move_in, register
from tests.cast import PASSWORD
from tests.crowd import crowd

pytestmark = pytest.mark.django_db


def print_for(here, by, at, *, token=None, who=Who.NO_LETTER, building=None):
    return batches.print_choice(
        token=token or uuid4(),
        choice=Choice(neighborhood=here, who=who, building=building),
        by=by,
        at=at,
    )


def lived_here_until_yesterday(people, at):
    for lived in Occupancy.objects.filter(resident__in=people):
        lived.delete()
        lived.until = at.date() - timedelta(days=1)
        lived.save(force_insert=True)


def claim(sheet, at, username="willow"):
    return claiming.claim(
        code=sheet.written.code,
        username=username,
        password=PASSWORD,
        language="en",
        address="192.0.2.1",
        at=at,
    )


@pytest.fixture
def people(here, now):
    return crowd(here, buildings=2, dwellings=3, at=now)


def test_each_person_of_a_household_gets_a_letter_of_their_own(here, people, clerk, now):
    printed = print_for(here, clerk, now)
    assert sorted(sheet.name for sheet in printed.sheets) == sorted(person.name for person in people)
    assert len({sheet.written.code for sheet in printed.sheets}) == len(people)


def test_they_come_in_the_order_of_a_round(here, clerk, now):
    crowd(here, buildings=11, dwellings=1, at=now, each=1)
    unit = Unit.objects.get(building__name="2 幢")
    move_in(
        resident=register(neighborhood=here, name="另一位"),
        unit=Unit.objects.create(neighborhood=here, building=unit.building, number="1201"),
        since=now.date(),
        at=now,
    )
    sheets = print_for(here, clerk, now).sheets
    assert [(sheet.building, sheet.number) for sheet in sheets] == [
        ("1 幢", "101"),
        ("2 幢", "101"),
        ("2 幢", "1201"),
        *((f"{number} 幢", "101") for number in range(3, 12)),
    ]


def test_a_building_can_be_chosen_alone(here, people, clerk, now):
    printed = print_for(here, clerk, now, building=Building.objects.get(name="2 幢"))
    assert {sheet.building for sheet in printed.sheets} == {"2 幢"}


def test_who_has_a_letter_or_an_account_is_not_written_to_again(here, people, resident, clerk, now):
    first = print_for(here, clerk, now)
    claim(first.sheets[0], now)
    with pytest.raises(batches.NobodyChosen):
        print_for(here, clerk, now)
    assert resident.pk not in {sheet.written.letter.resident_id for sheet in first.sheets}


def test_an_expired_letter_can_be_chosen_for_another(here, people, clerk, now):
    before = now - timedelta(days=61)
    old = letters.write(resident=people[0], by=None, at=before)
    printed = print_for(here, clerk, now, who=Who.EXPIRED)
    assert [sheet.written.letter.resident for sheet in printed.sheets] == [people[0]]
    old.letter.refresh_from_db()
    assert old.letter.replaced_at == now


def test_who_moved_out_is_not_written_to_and_an_owner_who_lives_elsewhere_is(here, people, clerk, now):
    lived_here_until_yesterday(people[:2], now)
    home = Unit.objects.get(building__name="2 幢", number="301")
    Ownership.objects.create(neighborhood=here, resident=people[1], unit=home, since=date(2020, 1, 1))
    written = {sheet.written.letter.resident: sheet for sheet in print_for(here, clerk, now).sheets}
    assert people[0] not in written
    assert (written[people[1]].building, written[people[1]].number) == ("2 幢", "301")


def test_nobody_finds_a_letter_to_the_dead(here, people, clerk, now):
    home = Unit.objects.get(building__name="2 幢", number="301")
    lived_here_until_yesterday(people[:1], now)
    Ownership.objects.create(neighborhood=here, resident=people[0], unit=home, since=date(2020, 1, 1))
    Resident.objects.filter(pk=people[0].pk).update(left_at=now, left_because=Resident.Left.DIED)
    assert people[0] not in {sheet.written.letter.resident for sheet in print_for(here, clerk, now).sheets}
    with pytest.raises(letters.LetterRefused, match="gone"):
        letters.write(resident=people[0], by=clerk, at=now)


@pytest.mark.parametrize(("years", "days", "gets"), [(14, 0, True), (14, 1, False), (15, 0, True)])
def test_a_child_gets_one_from_the_fourteenth_birthday_on(here, people, clerk, now, years, days, gets):
    today = today_in(here, now)
    born = years_before(today, years) + timedelta(days=days)
    Resident.objects.filter(pk=people[0].pk).update(born=born)
    written = {sheet.written.letter.resident for sheet in print_for(here, clerk, now).sheets}
    assert (people[0] in written) is gets


@pytest.mark.obligation("27")
def test_it_never_goes_into_a_mailbox_that_others_read(here, people, clerk, now):
    letters.keep_at_desk(resident=people[0], by=clerk, at=now)
    letters.write(resident=people[1], by=None, at=now - timedelta(days=61))
    letters.keep_at_desk(resident=people[1], by=clerk, at=now)
    printed = print_for(here, clerk, now)
    assert len(printed.sheets) == len(people) - 2
    assert not {people[0], people[1]} & {sheet.written.letter.resident for sheet in printed.sheets}
    with pytest.raises(batches.NobodyChosen):
        print_for(here, clerk, now, who=Who.EXPIRED)


@pytest.mark.parametrize("who", ["chair", "auditor", "outsider", "resident"])
@pytest.mark.obligation("27")
def test_no_stranger_prints(request, here, people, now, who):
    found = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        print_for(here, found.user if isinstance(found, Resident) else found, now)
    assert not Letter.objects.exists()


def test_a_form_that_is_sent_twice_prints_once(here, people, clerk, now):
    token = uuid4()
    print_for(here, clerk, now, token=token)
    with pytest.raises(batches.BatchPrinted) as refused:
        print_for(here, clerk, now, token=token)
    assert refused.value.batch.pk == token
    assert Letter.objects.count() == len(people)
    assert not Letter.objects.exclude(replaced_at=None).exists()


def test_it_is_recorded_for_the_batch_and_for_each_person(here, people, clerk, now):
    print_for(here, clerk, now)
    assert Entry.objects.get(kind="letters.printed").opening.payload["letters"] == len(people)
    assert Entry.objects.filter(kind="letter.written").count() == len(people)
    assert set(Entry.objects.filter(kind="letter.written").values_list("subject", flat=True)) == {
        person.pk for person in people
    }


def test_printing_again_replaces_only_what_is_neither_delivered_nor_used(here, people, clerk, now):
    first = print_for(here, clerk, now)
    claim(first.sheets[0], now)
    letters.put_into_mailboxes(
        letters=[first.sheets[1].written.letter.pk], neighborhood=here, by=clerk, at=now
    )
    letters.keep_at_desk(resident=first.sheets[2].written.letter.resident, by=clerk, at=now)
    again = batches.print_again(token=uuid4(), batch=first.batch, by=clerk, at=now)
    assert again.batch.again == first.batch
    assert [sheet.name for sheet in again.sheets] == [sheet.name for sheet in first.sheets[3:]]
    with pytest.raises(claiming.ClaimRefused, match="replaced"):
        claim(first.sheets[3], now, "late")
    assert claim(first.sheets[1], now, "second")
    assert claim(again.sheets[0], now, "third")


def test_1200_people_are_printed_in_six_batches_of_the_same_few_queries(here, clerk, now):
    crowd(here, buildings=10, dwellings=60, at=now)
    counts, sheets, left = [], [], 1
    while left:
        with CaptureQueriesContext(connection) as seen:
            printed = print_for(here, clerk, now)
        counts.append(len(seen))
        sheets += printed.sheets
        left = printed.left
    assert [len(counts), len(sheets), len({sheet.written.code for sheet in sheets})] == [6, 1200, 1200]
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 24
    order = [(len(sheet.building), sheet.building, len(sheet.number), sheet.number) for sheet in sheets]
    assert order == sorted(order)


def test_one_letter_costs_as_many_queries_as_many(here, clerk, now):
    crowd(here, buildings=1, dwellings=1, at=now, each=1)
    with CaptureQueriesContext(connection) as few:
        print_for(here, clerk, now)
    crowd_again = Building.objects.get(name="1 幢")
    Building.objects.filter(pk=crowd_again.pk).update(name="9 幢")
    crowd(here, buildings=2, dwellings=20, at=now)
    with CaptureQueriesContext(connection) as many:
        assert len(print_for(here, clerk, now).sheets) == 80
    assert len(many) == len(few)


# --- at the same moment


@pytest.fixture
def street(committed, request, now):
    here, clerk = request.getfixturevalue("here"), request.getfixturevalue("clerk")
    return here, clerk, crowd(here, buildings=1, dwellings=5, at=now)


def both(*acts):
    """Each in a thread and a connection of its own, begun together."""
    ready = threading.Barrier(len(acts))

    def run(act):
        try:
            ready.wait()
            return act()
        except (batches.BatchPrinted, batches.NobodyChosen, claiming.ClaimRefused) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def test_two_presses_at_once_print_one_set(street, now):
    here, clerk, people = street
    token = uuid4()
    outcomes = both(*[lambda: print_for(here, clerk, now, token=token)] * 2)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BatchPrinted", "Printed"]
    assert Letter.objects.count() == len(people)


def test_two_desks_at_once_write_no_second_letter_to_anybody(street, now):
    here, clerk, people = street
    both(*[lambda: print_for(here, clerk, now)] * 2)
    assert Letter.objects.unspent().count() == len(people)
    assert Letter.objects.count() == len(people)
    assert LetterBatch.objects.count() == 1


def test_printing_again_while_somebody_claims_ends_well(street, now):
    """Either their code works and they get no second letter, or it is replaced and the new one works."""
    here, clerk, _people = street
    first = print_for(here, clerk, now)
    outcomes = both(
        lambda: batches.print_again(token=uuid4(), batch=first.batch, by=clerk, at=now),
        *[
            (lambda number=number, sheet=sheet: claim(sheet, now, f"user{number}"))
            for number, sheet in enumerate(first.sheets)
        ],
    )
    again = outcomes[0]
    claimed = {str(outcome.pk) for outcome in outcomes[1:] if isinstance(outcome, User)}
    renewed = (
        {}
        if isinstance(again, batches.NobodyChosen)
        else {sheet.written.letter.resident_id: sheet for sheet in again.sheets}
    )
    for number, sheet in enumerate(first.sheets):
        person = Resident.objects.get(pk=sheet.written.letter.resident_id)
        if person.user_id:
            assert str(person.user_id) in claimed
            assert person.pk not in renewed
            assert not Letter.objects.unspent().filter(resident=person).exists()
        else:
            assert claim(renewed[person.pk], now, f"again{number}")
