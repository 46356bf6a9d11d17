from uuid import UUID, uuid4

import pytest
from django.db import transaction

from ledger.models import Entry, Opening
from ledger.record import Act, OutsideAct, commitment, record, record_many, verify

SUBJECT = UUID("5b0c6a2e-7f64-4a4e-9f0e-0d8a3c1f2b11")
NEIGHBORHOOD = UUID("0f8e3f8a-6f0e-4b8e-8a55-2f1f6f7a9c01")


def given(**payload: object) -> Entry:
    with transaction.atomic():
        return record(kind="consent.given", subject=SUBJECT, neighborhood=NEIGHBORHOOD, payload=payload)


def stored(entry: Entry) -> tuple[Entry, Opening]:
    return Entry.objects.get(pk=entry.pk), Opening.objects.get(pk=entry.pk)


@pytest.mark.django_db
@pytest.mark.obligation("35")
def test_it_commits_to_the_details_and_verifies_from_what_the_database_gives_back():
    entry, opening = stored(
        given(form=uuid4(), version=3, route="portal", fields=["name", "phone"], paper=None)
    )

    assert verify(entry, opening)
    assert opening.payload["version"] == 3
    assert len(bytes(entry.commitment)) == 32


@pytest.mark.django_db
@pytest.mark.obligation("35")
@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("kind", "consent.refused"),
        ("subject", uuid4()),
        ("subject", None),
        ("neighborhood", None),
        ("commitment", b"\0" * 32),
    ],
)
def test_it_shows_when_any_part_of_an_entry_was_changed(part, value):
    entry, opening = stored(given(version=3))

    setattr(entry, part, value)

    assert not verify(entry, opening)


@pytest.mark.django_db
@pytest.mark.obligation("35")
def test_it_shows_when_the_details_or_the_salt_were_changed():
    entry, opening = stored(given(version=3))
    other = Opening(salt=opening.salt, payload={"version": 4})
    resalted = Opening(salt=bytes(32), payload=opening.payload)

    assert not verify(entry, other)
    assert not verify(entry, resalted)


@pytest.mark.django_db
def test_it_hides_equal_details_behind_different_salts():
    one, two = given(answer="no"), given(answer="no")

    assert bytes(one.commitment) != bytes(two.commitment)


@pytest.mark.django_db
def test_it_costs_two_inserts_for_one_act_and_two_for_many(django_assert_num_queries):
    acts = [
        Act(kind="sharing.asked", subject=uuid4(), neighborhood=None, payload={"n": n}) for n in range(30)
    ]
    with transaction.atomic():
        with django_assert_num_queries(2):
            record(kind="look-up.made", subject=SUBJECT, neighborhood=None, payload={})
        with django_assert_num_queries(2):
            entries = record_many(acts)

    assert [entry.subject for entry in entries] == [act.subject for act in acts]
    assert all(verify(*stored(entry)) for entry in entries)


@pytest.mark.django_db
def test_it_records_nothing_when_there_is_nothing_to_record():
    with transaction.atomic():
        assert record_many([]) == []

    assert not Entry.objects.exists()


@pytest.mark.obligation("35")
def test_it_refuses_to_record_outside_the_act_it_records(committed):
    with pytest.raises(OutsideAct):
        record(kind="consent.given", subject=SUBJECT, neighborhood=None, payload={})
    with pytest.raises(OutsideAct):
        record_many([])


def test_it_leaves_no_entry_when_the_act_fails(committed):
    def act():
        with transaction.atomic():
            given(version=3)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        act()

    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_it_leaves_no_entry_when_the_details_are_refused():
    with pytest.raises(ValueError, match="only an id, a code"):
        given(name="two words")

    assert not Entry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["", "Consent", "1st", "a b", "a" * 65, "人"])
def test_it_refuses_a_kind_that_is_no_code(kind):
    with transaction.atomic(), pytest.raises(ValueError, match="no kind of act"):
        record(kind=kind, subject=None, neighborhood=None, payload={})


def test_it_commits_by_a_rule_that_never_changes():
    # A fixed example: if this fails, receipts that people hold on paper no longer verify.
    assert (
        commitment(
            salt=bytes(range(32)),
            kind="consent.given",
            subject=SUBJECT,
            neighborhood=None,
            payload={"version": 3, "form": "a", "fields": ["x", None, True]},
        ).hex()
        == "4b8bd5a89781cf635a7f7d03ce8e950300c7a6a781a5fb72eeeb09fff9f4645a"
    )
