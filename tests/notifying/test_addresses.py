"""A mail address: given by its owner alone, proven by a code, sealed, gone with one press, and good for nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import PermissionDenied
from django.db import connection

from residents import mail_addresses, notifying, outbox
from residents.mail_addresses import AddressRefused
from residents.models import MailAddress, Message, Wish
from residents.notifying import Way
from tests import make
from tests.cast import PASSWORD
from tests.notifying.people import proven, send_all, told, wants
from vault import keys

pytestmark = pytest.mark.django_db


def give(who, address="liu@example.com", *, at, by=None):
    return mail_addresses.give(resident=who, address=address, by=by or who.user, at=at)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("liu@example.com", "liu@example.com"),
        (" Liu.Yi+home@Example.COM ", "Liu.Yi+home@Example.COM"),
        ("ｌｉｕ＠ｅｘａｍｐｌｅ。ｃｏｍ", "liu@example.com"),
        ("liu@例子.中国", "liu@例子.中国"),
    ],
)
def test_it_forgives_how_it_is_typed(typed, kept):
    assert mail_addresses.normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "liu", "liu@", "@example.com", "liu@localhost", "liu@example", "a@b@example.com",
        "liu@example.com, other@example.com", "liu@example.com;other@example.com", "Liu <liu@example.com>",
        '"liu yi"@example.com', "liu@example.com\nBcc: other@example.com", "liu@example.com\r\nSubject: x",
        "liu\n@example.com", "liu@exam\nple.com", "liu@example.com\x00", "liu@[127.0.0.1]", "x" * 65 + "@example.com",
        '"\r\n"@example.com', "-" * 300 + "@example.com", "liu@" + "a" * 260 + ".com",
    ],
)  # fmt: skip
def test_it_takes_one_plain_address_and_nothing_that_hides_another(resident, now, typed):
    with pytest.raises(AddressRefused):
        give(resident, typed, at=now)
    assert not MailAddress.objects.exists()


@pytest.mark.obligation("23")
def test_it_is_sealed_under_a_key_of_its_own(resident, now):
    given = give(resident, at=now)
    assert given.key != resident.contact_key
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(a)::text FROM residents_mailaddress a")
        (row,) = cursor.fetchone()
    assert "example" not in row
    assert b"liu".hex() not in row
    assert mail_addresses.address_of(given) == "liu@example.com"


def test_nobody_gives_one_for_another(resident, neighbor, clerk, now):
    for by in (neighbor.user, clerk):
        with pytest.raises(PermissionDenied):
            give(resident, at=now, by=by)


def test_before_it_is_proven_one_code_goes_there_and_nothing_else(resident, now, mailoutbox):
    given = give(resident, at=now)
    assert told(resident, at=now) == 0
    send_all(now)
    (mail,) = mailoutbox
    assert mail.to == ["liu@example.com"]
    assert mail_addresses.spelled(mail_addresses.code_of(given)) in mail.body
    assert mail_addresses.prove(
        resident=resident, code=mail_addresses.code_of(given), by=resident.user, at=now
    )


def test_a_wrong_code_counts_and_five_are_too_many(resident, now):
    given = give(resident, at=now)
    right = mail_addresses.code_of(given)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    for _ in range(mail_addresses.TRIES):
        assert not mail_addresses.prove(resident=resident, code=wrong, by=resident.user, at=now)
    with pytest.raises(AddressRefused):
        mail_addresses.prove(resident=resident, code=right, by=resident.user, at=now)


def test_the_code_is_over_after_an_hour(resident, now):
    given = give(resident, at=now)
    code = mail_addresses.code_of(given)
    later = now + mail_addresses.CODE_LIFE
    with pytest.raises(AddressRefused):
        mail_addresses.prove(resident=resident, code=code, by=resident.user, at=later)


def test_it_is_typed_as_people_type(resident, now):
    given = give(resident, at=now)
    code = mail_addresses.code_of(given)
    typed = f" {code[:4]}－{code[4:]} ".translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert mail_addresses.prove(resident=resident, code=typed, by=resident.user, at=now)
    assert mail_addresses.prove(resident=resident, code="", by=resident.user, at=now), "said twice"


def test_another_ones_code_proves_nothing(resident, neighbor, now):
    give(resident, at=now)
    theirs = give(neighbor, at=now)
    code = mail_addresses.code_of(theirs)
    assert not mail_addresses.prove(resident=resident, code=code, by=resident.user, at=now)
    with pytest.raises(PermissionDenied):
        mail_addresses.prove(resident=resident, code=code, by=neighbor.user, at=now)


@pytest.mark.obligation("9")
def test_taking_it_away_takes_the_key_the_choices_and_what_waits(resident, now):
    given = proven(resident, at=now)
    wants(resident, Way.MAIL, Way.SLIP, at=now)
    told(resident, at=now)
    assert mail_addresses.take_away(resident=resident, by=resident.user, at=now)
    assert keys.state(given.key) == keys.State.DESTROYED
    assert not MailAddress.objects.exists()
    assert set(Wish.objects.values_list("way", flat=True)) == {"slip"}
    assert set(Message.objects.values_list("way", flat=True)) == {"slip"}
    assert not mail_addresses.take_away(resident=resident, by=resident.user, at=now), "twice is once"


def test_one_whose_key_is_gone_is_shown_as_nothing(resident, now, mailoutbox):
    """Killed between the key and the row: nothing goes out, and it can be taken away."""
    wants(resident, Way.MAIL, at=now)
    given = resident.mail_address
    keys.destroy(id=given.key)
    told(resident, at=now)
    send_all(now + timedelta(hours=1))
    assert mail_addresses.address_of(given) == ""
    assert mailoutbox == []
    assert mail_addresses.take_away(resident=resident, by=resident.user, at=now)


def test_giving_the_same_again_changes_nothing_and_another_waits_for_the_first_to_go(resident, now):
    first = give(resident, at=now)
    assert give(resident, at=now).pk == first.pk
    with pytest.raises(AddressRefused):
        give(resident, "other@example.com", at=now)
    assert Message.objects.count() == 1


def test_nobody_fills_anothers_mailbox_with_codes(resident, now, mailoutbox):
    yesterday = now - timedelta(days=1)
    for _ in range(mail_addresses.CODES_A_DAY):
        give(resident, "victim@example.com", at=yesterday)
        send_all(yesterday)
        mail_addresses.take_away(resident=resident, by=resident.user, at=now)
    with pytest.raises(AddressRefused):
        give(resident, "victim@example.com", at=yesterday)
    assert len(mailoutbox) == mail_addresses.CODES_A_DAY
    give(resident, at=now)


@pytest.mark.obligation("23")
def test_it_opens_no_account(resident, now):
    proven(resident, at=now)
    assert authenticate(username="liu@example.com", password=PASSWORD) is None
    assert notifying.chosen(resident) == set(), "and chooses nothing by itself"


def test_giving_and_taking_away_makes_no_more_codes_while_no_mail_goes(resident, now, mailoutbox):
    """Codes of an outage count too, and none of them goes to the address that came after."""
    for number in range(mail_addresses.CODES_A_DAY):
        at = now + timedelta(minutes=number)
        give(resident, f"a{number}@example.com", at=at)
        mail_addresses.take_away(resident=resident, by=resident.user, at=at)
    with pytest.raises(AddressRefused):
        give(resident, "last@example.com", at=now + timedelta(minutes=9))
    send_all(now + timedelta(minutes=10))
    assert mailoutbox == []
    assert set(Message.objects.values_list("state", flat=True)) == {"dropped"}


def test_a_code_for_one_address_does_not_go_to_the_next(resident, now, mailoutbox):
    give(resident, "one@example.com", at=now)
    tried = outbox.claim(at=now)
    outbox._try_again(tried, now, handed=False)
    mail_addresses.take_away(resident=resident, by=resident.user, at=now)
    later = now + timedelta(minutes=5)
    give(resident, "two@example.com", at=later)
    send_all(later)
    assert [letter.to for letter in mailoutbox] == [["two@example.com"]]
    assert Message.objects.filter(what="code").count() == 2, "each is counted"


def test_several_accounts_fill_no_mailbox_together(here, now):
    people = [make.resident(here, at=now) for _ in range(mail_addresses.MOST_TO_ONE + 1)]
    for who in people[:-1]:
        give(who, "victim@example.com", at=now)
    with pytest.raises(AddressRefused):
        give(people[-1], "Victim@example.com", at=now)
    give(people[-1], "other@example.com", at=now)


def gives_again_and_again(who, times, *, at):
    for _ in range(times):
        give(who, at=at)
        mail_addresses.take_away(resident=who, by=who.user, at=at)


def test_who_gives_anothers_address_all_day_keeps_them_from_nothing(resident, neighbor, now):
    """Nor does its owner learn of it: they may try as often as anybody."""
    gives_again_and_again(neighbor, mail_addresses.CODES_A_DAY, at=now)
    gives_again_and_again(resident, mail_addresses.CODES_A_DAY, at=now)


def test_the_first_one_of_a_day_is_not_refused_because_of_others(here, resident, now):
    for _ in range(2):
        gives_again_and_again(make.resident(here, at=now), mail_addresses.CODES_A_DAY, at=now)
    third = make.resident(here, at=now)
    give(third, at=now)
    mail_addresses.take_away(resident=third, by=third.user, at=now)
    for _ in range(mail_addresses.MOST_TO_ONE):  # what is refused does not count
        with pytest.raises(AddressRefused):
            give(third, at=now)
    give(resident, at=now)


def test_where_no_mail_is_sent_no_address_is_taken(resident, now, settings):
    settings.MAIL_TO_RESIDENTS = False
    with pytest.raises(AddressRefused):
        give(resident, at=now)
    assert not MailAddress.objects.exists()
