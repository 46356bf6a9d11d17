"""Orders by law: two others read them, nothing beyond them leaves, and nobody else is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry
from sharing import answering, copying, orders, recalls, requesting, tallies
from sharing.models import (
    Answer,
    DisclosedRow,
    Order,
    OrderPerson,
    Recall,
    RecallLine,
    Request,
)
from sharing.orders import OrderRefused
from sharing.requesting import RequestRefused
from sharing.speaking import OutOfOffice
from tests import make
from tests.sharing import ordering, receiving, rows


def refusals(order: Order) -> int:
    return Entry.objects.filter(kind="sharing.refused", subject=order.request_id).count()


@pytest.mark.obligation("27", "28")
def test_nothing_is_given_before_two_others_have_read_it(order, chair, chair_of_residents, now):
    for reader in (chair, chair_of_residents):
        with pytest.raises(OrderRefused, match="two_readers"):
            orders.give(request=order.request, by=chair, at=now)
        ordering.read(order, reader, at=now)
    disclosure = orders.give(request=order.request, by=chair, at=now)
    assert disclosure.request.order == order
    assert refusals(order) == 2


@pytest.mark.obligation("27", "28")
def test_one_person_with_two_accounts_is_one(order, here, chair, chair_of_residents, now):
    make.one_person(here, chair, chair_of_residents, at=now)
    ordering.read(order, chair, at=now)
    with pytest.raises(RequestRefused, match="same_reader"):
        ordering.read(order, chair_of_residents, at=now)
    assert refusals(order) == 1


@pytest.mark.obligation("27", "28")
def test_who_drafted_it_neither_reads_nor_gives_it(authority, resident, here, clerk, readers, now):
    order = ordering.drafted(authority, resident, by=clerk, at=now)
    ordering.read(order, *readers, at=now)
    make.one_person(here, clerk, readers[0], at=now)
    with pytest.raises(OrderRefused, match="own_draft"):
        orders.give(request=order.request, by=readers[0], at=now)
    other = ordering.drafted(authority, resident, by=clerk, at=now)
    with pytest.raises(RequestRefused, match="own_draft"):
        ordering.read(other, readers[0], at=now)


@pytest.mark.obligation("27", "28")
def test_a_term_that_ended_this_morning_gives_nothing(order, readers, clerk, superuser, now):
    later = now + timedelta(days=340)
    with pytest.raises(OutOfOffice):
        orders.name(request=order.request, dwelling="1-101", called="柳一", by=clerk, at=later)
    ordering.read(order, *readers, at=now)
    for nobody, at in ((readers[0], later), (superuser, now)):
        with pytest.raises(OutOfOffice):
            orders.give(request=order.request, by=nobody, at=at)
    assert refusals(order) == 3
    assert not order.request.disclosures.exists()


@pytest.mark.obligation("28")
def test_one_no_ends_it(order, readers, now):
    orders.review(request=order.request, yes=False, words="不是这条法", by=readers[0], at=now)
    order.request.refresh_from_db()
    assert order.request.state == Request.State.REFUSED
    with pytest.raises(RequestRefused, match="not_a_draft"):
        ordering.read(order, readers[1], at=now)
    with pytest.raises(OrderRefused, match="not_a_draft"):
        orders.give(request=order.request, by=readers[1], at=now)


@pytest.mark.obligation("27", "28")
def test_what_was_read_never_changes(order, neighbor, readers, clerk, now):
    ordering.read(order, readers[0], at=now)
    with pytest.raises(OrderRefused, match="not_a_draft"):
        ordering.named(order, neighbor, by=clerk, at=now)
    for change in (
        lambda: Order.objects.filter(pk=order.pk).update(legal_basis="另一条"),
        lambda: Order.objects.filter(pk=order.pk).delete(),
        lambda: OrderPerson.objects.create(
            neighborhood_id=order.neighborhood_id, order=order, resident=neighbor
        ),
        lambda: OrderPerson.objects.filter(order=order).update(resident=neighbor),
        lambda: OrderPerson.objects.filter(order=order).delete(),
        lambda: Request.objects.filter(pk=order.request_id).update(fields=["phone"]),
        lambda: Request.objects.filter(pk=order.request_id).update(kind="delivery"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.obligation("27")
def test_nobody_else_names_people_and_nobody_is_guessed(
    order, resident, neighbor, stranger, clerk, chair, now
):
    second = make.staff_account("second")
    for dwelling, called in (("1-102", "柳"), ("1-102", "柳一"), ("1-901", "山一"), ("9-999", "柳二")):
        with pytest.raises(OrderRefused, match="nobody_there"):
            orders.name(request=order.request, dwelling=dwelling, called=called, by=clerk, at=now)
    with pytest.raises(OutOfOffice):
        orders.name(request=order.request, dwelling="1-102", called="柳二", by=second, at=now)
    assert [each.resident for each in order.people.all()] == [resident]


@pytest.mark.obligation("27")
def test_who_may_draft_as_well_names_nobody_in_anothers_order(authority, neighbor, here, clerk, now):
    from committees.models import Committee, Term
    from tests.cast import staff

    order = ordering.drafted(authority, by=clerk, at=now)
    another = staff(here, username="clerk-two", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    with pytest.raises(OrderRefused, match="not_your_draft"):
        ordering.named(order, neighbor, by=another, at=now)


@pytest.mark.obligation("27", "28")
def test_an_order_that_names_nobody_is_not_read_and_not_given(authority, readers, clerk, now):
    order = ordering.drafted(authority, by=clerk, at=now)
    with pytest.raises(OrderRefused, match="nobody"):
        ordering.read(order, readers[0], at=now)
    make.read_by_two(order.request, at=now)
    with pytest.raises(DatabaseError, match="without its paper and its people"), transaction.atomic():
        orders.give(request=order.request, by=readers[0], at=now)


@pytest.mark.obligation("27", "28")
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"legal_basis": " "}, "basis"),
        ({"document": " "}, "document"),
        ({"legal_basis": "人脸识别办法"}, "biometrics"),
        ({"forbidden_by": ordering.SILENCE}, "tell_on"),
    ],
)
def test_an_order_says_by_what_it_is_one(authority, clerk, now, changed, why):
    with pytest.raises(OrderRefused, match=why):
        ordering.drafted(authority, by=clerk, at=now, **changed)
    assert not Order.objects.exists()


@pytest.mark.obligation("27")
def test_silence_takes_a_law_and_ends_after_ninety_days(authority, clerk, now):
    for days, law, why in (
        (30, "", "forbidden_by"),
        (91, ordering.SILENCE, "tell_on"),
        (-1, ordering.SILENCE, "tell_on"),
    ):
        with pytest.raises(OrderRefused, match=why):
            ordering.drafted(
                authority, by=clerk, at=now, tell_on=now + timedelta(days=days), forbidden_by=law
            )
    asked = orders.wished(
        authority=authority, purpose="找", purpose_en="x", fields=["name"], by=clerk, at=now
    )
    asked.save()
    for days, law in ((91, ordering.SILENCE), (30, "")):
        with pytest.raises(DatabaseError, match="order_tells"), transaction.atomic():
            Order.objects.create(
                request=asked,
                neighborhood=authority.neighborhood,
                authority=authority,
                legal_basis=ordering.LAW,
                document="柜",
                document_sha256=ordering.SHA,
                tell_on=now + timedelta(days=days),
                forbidden_by=law,
            )


@pytest.mark.obligation("27", "28")
def test_only_an_authority_of_this_country_orders(here, recipient, resident, clerk, now):
    with pytest.raises(OrderRefused, match="authority"):
        ordering.drafted(recipient, resident, by=clerk, at=now)
    asked = orders.wished(
        authority=recipient, purpose="找", purpose_en="x", fields=["name"], by=clerk, at=now
    )
    asked.save()
    paper = {"legal_basis": ordering.LAW, "document": "柜", "document_sha256": ordering.SHA}
    with pytest.raises(DatabaseError, match="only an authority"), transaction.atomic():
        Order.objects.create(request=asked, neighborhood=here, authority=recipient, **paper)


@pytest.mark.obligation("27", "31")
def test_biometrics_and_entries_cannot_be_ordered(authority, resident, clerk, now):
    for field in ("face", "entries", "template"):
        with pytest.raises(RequestRefused):
            ordering.drafted(authority, resident, by=clerk, at=now, fields=["name", field])


@pytest.mark.obligation("27", "A2")
def test_of_another_neighborhood_nobody_is_named(order, stranger):
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        OrderPerson.objects.create(neighborhood_id=order.neighborhood_id, order=order, resident=stranger)


@pytest.mark.obligation("A2", "27", "28")
def test_exactly_the_named_people_and_fields_leave(order, resident, neighbor, readers, now):
    copy = ordering.ready(order, *readers, at=now)
    assert receiving.lines(copy) == [["柳一", "1 101"]]
    assert receiving.parsed(copy)["kept_days"] is None
    [row] = DisclosedRow.objects.filter(copy=copy)
    assert (row.order, row.answer, row.resident) == (order, None, resident)
    assert copying.hand(copy=copy, at=now).state == "handed"


@pytest.mark.obligation("A2", "27", "28")
def test_nothing_beyond_it_gets_in_by_raw_sql(order, resident, neighbor, readers, now):
    ordering.read(order, *readers, at=now)
    copy = rows.begun(orders.give(request=order.request, by=readers[0], at=now))
    for who, fields, by in (
        (neighbor, '["name", "dwelling"]', order.pk),
        (resident, '["name", "dwelling", "phone"]', order.pk),
        (resident, '["name", "dwelling"]', None),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sharing_disclosedrow (copy_id, resident_id, order_id, fields, tag)"
                " VALUES (%s, %s, %s, %s, sharing_tag(%s, %s))",
                [copy.pk, who.pk, by, fields, copy.mark, who.pk],
            )


@pytest.mark.obligation("28")
def test_a_row_goes_by_a_yes_or_by_an_order_never_by_both(order, authority, resident, clerk, readers, now):
    another = ordering.drafted(authority, resident, by=clerk, at=now)
    ordering.read(order, *readers, at=now)
    copy = rows.begun(orders.give(request=order.request, by=readers[0], at=now))
    with (
        pytest.raises(DatabaseError, match="more than is agreed"),
        transaction.atomic(),
        connection.cursor() as c,
    ):
        c.execute(
            "INSERT INTO sharing_disclosedrow (copy_id, resident_id, order_id, fields, tag)"
            """ VALUES (%s, %s, %s, '["name", "dwelling"]', sharing_tag(%s, %s))""",
            [copy.pk, resident.pk, another.pk, copy.mark, resident.pk],
        )


@pytest.mark.obligation("28")
def test_nobody_is_asked_and_nobody_answers(order, resident, readers, now):
    ordering.ready(order, *readers, at=now)
    assert not answering.asked_of(resident).exists()
    assert not answering.waiting(resident=resident, at=now)
    assert order.request.pk not in tallies.due(at=now + timedelta(days=99))
    with pytest.raises(DatabaseError, match="nobody answers it"), transaction.atomic():
        Answer.objects.create(
            neighborhood_id=order.neighborhood_id,
            request=order.request,
            resident=resident,
            fields=[],
            actor=resident.user,
        )


@pytest.mark.obligation("28")
def test_it_is_never_put_to_residents(order, readers, now):
    ordering.read(order, *readers, at=now)
    with pytest.raises(RequestRefused, match="not_a_draft"):
        requesting.put_to_residents(request=order.request, by=readers[0], at=now)


@pytest.mark.obligation("27")
def test_what_a_key_ended_for_is_not_given(order, authority, readers, now):
    copy = ordering.ready(order, *readers, at=now)
    authority.keys.update(ended_at=now)
    with pytest.raises(copying.CopyIsStale):
        copying.hand(copy=copy, at=now)


@pytest.mark.obligation("27")
def test_an_authority_keeps_it(order, resident, readers, now):
    copy = copying.hand(copy=ordering.ready(order, *readers, at=now), at=now)
    recalls.corrected(resident=resident, fields=["name"], at=now)
    recalls.erased(resident=resident, at=now)
    assert not recalls.over(at=now + timedelta(days=400)).exists()
    assert not Recall.objects.exists()
    recall = Recall.objects.create(
        neighborhood_id=copy.neighborhood_id,
        copy=copy,
        because="leak",
        opened_at=now,
        due_at=now + timedelta(days=1),
    )
    with pytest.raises(DatabaseError, match="keeps what a law"), transaction.atomic():
        RecallLine.objects.create(neighborhood_id=copy.neighborhood_id, recall=recall, row=copy.rows.get())


@pytest.mark.obligation("27")
def test_a_draft_that_nobody_read_goes_with_its_people_and_one_that_was_read_stays(
    order, authority, resident, clerk, readers, now
):
    read = ordering.read(ordering.drafted(authority, resident, by=clerk, at=now), readers[0], at=now)
    make.swept("sharing.drafts", at=now + timedelta(days=400))
    assert [each.pk for each in Order.objects.all()] == [read.pk]
    assert OrderPerson.objects.filter(order=read).exists()
