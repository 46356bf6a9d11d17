"""Two of the committees read a request before anybody is asked: two people, in office today, and neither its drafter."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from committees.models import Term
from ledger.models import Entry
from residents.models import Alarm, User
from sharing import answering, disclosing, requesting
from sharing.models import ALLOWED, Request, Review
from sharing.requesting import RequestRefused
from sharing.speaking import OutOfOffice
from tests import make
from tests.sharing.passing import its_time_passes
from tests.sharing.test_requesting import draft


def refusals(subject) -> int:
    return Entry.objects.filter(kind="sharing.refused", subject=subject).count()


def review(drafted: Request, by: User, now, yes: bool = True, words: str = "") -> Review:
    return requesting.review(request=drafted, yes=yes, words=words, by=by, at=now)


@pytest.mark.obligation("28")
def test_nobody_is_asked_before_two_have_read_it(drafted, chair, chair_of_residents, now):
    for reader in (chair, chair_of_residents):
        with pytest.raises(RequestRefused, match="two_readers"):
            requesting.put_to_residents(request=drafted, by=chair, at=now)
        review(drafted, reader, now)
    assert requesting.put_to_residents(request=drafted, by=chair, at=now).state == Request.State.OPEN
    assert [each.body for each in drafted.reviews.order_by("pk")] == ["owners", "residents"]


@pytest.mark.obligation("28")
def test_one_reads_it_once(drafted, chair, now):
    review(drafted, chair, now)
    with pytest.raises(RequestRefused, match="same_reader"):
        review(drafted, chair, now)
    assert refusals(drafted.pk) == 1


@pytest.mark.obligation("28")
def test_one_person_with_two_accounts_is_one_reader(drafted, here, chair, chair_of_residents, now):
    make.one_person(here, chair, chair_of_residents, at=now)
    review(drafted, chair, now)
    with pytest.raises(RequestRefused, match="same_reader"):
        review(drafted, chair_of_residents, now)
    assert refusals(drafted.pk) == 1
    with pytest.raises(DatabaseError, match="two accounts is one"), transaction.atomic():
        written(drafted, chair_of_residents)


@pytest.mark.obligation("28")
def test_who_drafted_it_does_not_read_it_by_another_account(drafted, here, clerk, chair, now):
    make.one_person(here, clerk, chair, at=now)
    with pytest.raises(RequestRefused, match="own_draft"):
        review(drafted, chair, now)
    assert refusals(drafted.pk) == 1
    with pytest.raises(DatabaseError, match="two others read it"), transaction.atomic():
        written(drafted, chair)


@pytest.mark.obligation("28")
def test_who_became_one_person_afterwards_is_one_when_it_is_put(read, here, chair, now):
    one, other = [each.by for each in read.reviews.all()]
    make.one_person(here, one, other, at=now)
    with pytest.raises(DatabaseError, match="two others read a request"), transaction.atomic():
        requesting.put_to_residents(request=read, by=chair, at=now)


@pytest.mark.obligation("27", "28")
def test_a_term_that_ended_this_morning_gives_nothing(read, drafted, chair, chair_of_residents, now):
    later = now + timedelta(days=340)
    with pytest.raises(OutOfOffice):
        review(drafted, chair_of_residents, later)
    with pytest.raises(OutOfOffice):
        requesting.put_to_residents(request=read, by=chair, at=later)
    assert refusals(read.pk) == 2
    # Its last day is the day before: at midnight where they live it is over.
    assert Term.objects.filter(user=chair, ends__lte=later.date()).exists()
    read.refresh_from_db()
    assert read.state == Request.State.DRAFT


@pytest.mark.obligation("27", "28")
def test_a_term_that_ended_this_morning_releases_nothing(asked, chair, now):
    its_time_passes(asked)
    with pytest.raises(OutOfOffice):
        disclosing.release(request=asked, by=chair, at=now + timedelta(days=340))
    assert refusals(asked.pk) == 1
    rung = Alarm.objects.get(kind=Alarm.Kind.SHARING_REFUSED_REVIEWER)
    assert (rung.by, rung.subject) == (chair, asked.pk)
    assert not asked.disclosures.exists()


@pytest.mark.obligation("27", "28")
@pytest.mark.parametrize("who", ["superuser", "clerk", "auditor", "outsider"])
def test_who_holds_no_such_office_neither_reads_puts_nor_releases(
    request, read, drafted, recipient, now, who
):
    somebody = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        review(drafted, somebody, now)
    with pytest.raises(PermissionDenied):
        requesting.put_to_residents(request=read, by=somebody, at=now)
    with pytest.raises(PermissionDenied):
        disclosing.release(request=read, by=somebody, at=now)
    with pytest.raises(PermissionDenied):
        requesting.close(request=read, by=somebody, at=now)
    assert refusals(read.pk) == 4
    assert read.reviews.count() == 2


@pytest.mark.obligation("27")
def test_an_account_that_is_shut_speaks_for_nobody(drafted, chair, now):
    chair.is_active = False
    chair.save()
    with pytest.raises(OutOfOffice):
        review(drafted, chair, now)


def test_a_no_says_why_and_ends_it(drafted, chair, chair_of_residents, now):
    review(drafted, chair, now)
    with pytest.raises(RequestRefused, match="words"):
        review(drafted, chair_of_residents, now, yes=False)
    review(drafted, chair_of_residents, now, yes=False, words="太多了")
    drafted.refresh_from_db()
    assert (drafted.state, drafted.refused_because) == ("refused", "review")
    with pytest.raises(RequestRefused, match="not_a_draft"):
        requesting.put_to_residents(request=drafted, by=chair, at=now)


@pytest.mark.obligation("28")
def test_what_was_read_is_what_is_put(read):
    for changed in ({"purpose": "别的"}, {"fields": ["name"]}, {"audience": {"ages": ["adult"]}}):
        with pytest.raises(DatabaseError, match="somebody has read it"), transaction.atomic():
            Request.objects.filter(pk=read.pk).update(**changed)


@pytest.mark.obligation("28")
@pytest.mark.parametrize("role", ["app_sql", "owner_sql"])
def test_raw_sql_needs_two_readers_as_well(
    request, committed, drafted, chair, chair_of_residents, clerk, role
):
    put = "UPDATE sharing_request SET state = 'open', opened_at = now(), opened_by_id = %s WHERE id = %s"
    read = (
        "INSERT INTO sharing_review (neighborhood_id, request_id, by_id, body, yes, words)"
        " VALUES (%s, %s, %s, 'owners', true, '')"
    )
    session = request.getfixturevalue(role)()
    nobody = make.somebody()
    for statement, given, state in (
        (put, [chair.pk, drafted.pk], "LM121"),
        (read, [drafted.neighborhood_id, drafted.pk, clerk.pk], "LM122"),
        (read, [drafted.neighborhood_id, drafted.pk, nobody.pk], "LM122"),
        (read, [drafted.neighborhood_id, drafted.pk, chair.pk], None),
        (put, [chair.pk, drafted.pk], "LM121"),
        (read, [drafted.neighborhood_id, drafted.pk, chair.pk], "LM122"),
        (read, [drafted.neighborhood_id, drafted.pk, chair_of_residents.pk], None),
        ("UPDATE sharing_review SET yes = NOT yes WHERE request_id = %s", [drafted.pk], "LM001"),
        ("DELETE FROM sharing_review WHERE request_id = %s", [drafted.pk], "LM001"),
        (put, [clerk.pk, drafted.pk], "LM121"),
        (put, [chair.pk, drafted.pk], None),
        (read, [drafted.neighborhood_id, drafted.pk, make.staff_account("late").pk], "LM122"),
    ):
        if state is None:
            session.execute(statement, given)
            continue
        with pytest.raises(Exception) as refused:
            session.execute(statement, given)
        # Without the right it does not come to the trigger.
        assert refused.value.sqlstate in {state, "42501"}, statement


@pytest.mark.obligation("29")
@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"fields": ["name", "face"]}, "biometrics"),
        ({"purpose": "刷 脸 开 水 站"}, "biometrics"),
        ({"purpose_en": "Opening the water station by FINGERPRINT"}, "biometrics"),
        ({"onward": "人脸识别公司"}, "biometrics"),
        ({"kind": "survey", "fields": ["dwelling", "phone"]}, "beyond"),
        ({"kind": "offer", "fields": ["name", "dwelling"]}, "beyond"),
        ({"no_costs": "没有水"}, "costs"),
    ],
)
def test_what_may_never_be_asked_is_refused_at_once_and_kept(recipient, clerk, now, changed, because):
    with pytest.raises(RequestRefused) as refused:
        draft(recipient, clerk, now, **changed)
    assert refused.value.reason == because
    kept = Request.objects.get()
    assert (kept.state, kept.refused_because) == ("refused", because)
    assert Entry.objects.filter(kind="sharing.refused_outright", subject=kept.pk).exists()


@pytest.mark.parametrize("words", ["把水送到门口，面对面交接", "Handed over face to face", "Surface water"])
def test_what_only_sounds_like_it_is_not_refused(recipient, clerk, now, words):
    assert draft(recipient, clerk, now, purpose=words).state == Request.State.DRAFT


@pytest.mark.obligation("3")
def test_a_no_costs_nothing_in_the_database_either(drafted):
    with pytest.raises(DatabaseError, match="sharing_no_costs_nothing"), transaction.atomic():
        Request.objects.filter(pk=drafted.pk).update(no_costs="没有水")


@pytest.mark.obligation("28", "29")
def test_the_database_holds_the_same_map(drafted):
    with connection.cursor() as cursor:
        for kind, fields in ALLOWED.items():
            cursor.execute("SELECT sharing_kind_allows(%s)", [kind])
            assert set(json.loads(cursor.fetchone()[0])) == fields
    with pytest.raises(DatabaseError, match="more than this kind"), transaction.atomic():
        Request.objects.filter(pk=drafted.pk).update(kind="survey")
    with pytest.raises(DatabaseError, match="more than this kind"), transaction.atomic():
        Request.objects.filter(pk=drafted.pk).update(kind="")


class TestAgain:
    """What is given once, and what is given until a date."""

    @pytest.fixture
    def drafted(self, recipient, clerk, now) -> Request:
        return draft(recipient, clerk, now, repeats_until=(now + timedelta(days=60)).date())

    @pytest.mark.obligation("28")
    def test_until_its_day_it_is_given_again_and_then_no_more(self, asked, chair, now):
        its_time_passes(asked)
        first = disclosing.release(request=asked, by=chair, at=now)
        assert disclosing.release(request=asked, by=chair, at=now) != first
        with pytest.raises(disclosing.ReleaseRefused, match="not_open"):
            disclosing.release(request=asked, by=chair, at=now + timedelta(days=62))
        requesting.close(request=asked, by=chair, at=now)
        with pytest.raises(disclosing.ReleaseRefused, match="not_open"):
            disclosing.release(request=asked, by=chair, at=now)


@pytest.mark.obligation("28")
def test_what_is_given_once_is_given_once_by_raw_sql_too(asked, chair, now):
    its_time_passes(asked)
    disclosing.release(request=asked, by=chair, at=now)
    with pytest.raises(disclosing.ReleaseRefused, match="not_open"):
        disclosing.release(request=asked, by=chair, at=now)
    with pytest.raises(DatabaseError, match="not given again"), transaction.atomic():
        asked.disclosures.create(neighborhood=asked.neighborhood, asked_by=chair, asked_at=now)


def test_what_is_closed_takes_a_no_and_no_yes(asked, says, resident, neighbor, chair, now):
    requesting.close(request=asked, by=chair, at=now)
    with pytest.raises(answering.AnswerTooLate):
        says(resident, True)
    says(neighbor, False)
    with pytest.raises(RequestRefused, match="not_put"):
        requesting.close(request=asked, by=chair, at=now)


def written(drafted: Request, by: User) -> Review:
    """Past the rules, as the application writes rows."""
    return Review.objects.create(
        neighborhood=drafted.neighborhood, request=drafted, by=by, body="owners", yes=True
    )
