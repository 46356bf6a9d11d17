"""A notice is its body's alone, stands once it is published, holds nobody's number, and can be put right or taken down."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from committees import appointing, publishing, roles, wording
from committees.models import Committee, Notice, Term
from committees.publishing import PERM
from committees.wording import Rule
from residents.models import Neighborhood, User
from tests.cast import staff
from tests.committees.notices import draft, happened_at, published

Kind = Committee.Kind


@pytest.fixture
def refused():
    """Whoever writes: by name of the law."""

    def check(state, act):
        with pytest.raises(DatabaseError) as error, transaction.atomic():
            act()
        assert error.value.__cause__.sqlstate == state

    return check


def body_of(user: User) -> Committee:
    return Committee.objects.get(terms__user=user)


def test_it_is_read_by_nobody_until_it_is_published(here, chair, now):
    made = draft(here, chair, at=now)
    assert not Notice.objects.published().exists()
    shown = publishing.publish(notice=made, by=chair, at=now)
    assert Notice.objects.published().get() == made
    assert shown.published_by == chair


def test_another_of_the_same_body_may_publish_it(here, chair, now):
    clerk = staff(here, username="secretary", kind=Kind.OWNERS, role=Term.Role.CLERK, at=now)
    assert publishing.publish(notice=draft(here, chair, at=now), by=clerk, at=now).published_by == clerk


@pytest.mark.obligation("27")
@pytest.mark.parametrize("act", [publishing.publish, publishing.take_down, publishing.correct])
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser"])
def test_nobody_of_another_body_does_it_for_them(request, here, chair, now, act, who):
    other = request.getfixturevalue(who)
    made = draft(here, chair, at=now)
    if act is not publishing.publish:
        made = publishing.publish(notice=made, by=chair, at=now)
    with pytest.raises(PermissionDenied):
        act(notice=made, by=other, at=now)


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser"])
def test_nor_does_the_database_let_them(request, here, chair, now, refused, who):
    other = request.getfixturevalue(who)
    made = draft(here, chair, at=now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM087", lambda: row.update(published_by=other, published_at=now))
    refused("LM087", lambda: draft(here, other, at=now, committee=made.committee))
    publishing.publish(notice=made, by=chair, at=now)
    refused("LM087", lambda: row.update(taken_down_by=other, taken_down_at=now))


@pytest.mark.obligation("27", "46")
def test_who_was_of_the_body_until_yesterday_speaks_for_it_no_more(here, chair, now, refused):
    made = draft(here, chair, at=now)
    appointing.end(term=Term.objects.get(user=chair), by=None, at=now)
    with pytest.raises(PermissionDenied):
        publishing.publish(notice=made, by=chair, at=now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM087", lambda: row.update(published_by=chair, published_at=now))


def test_a_row_written_by_hand_does_not_make_somebody_speak_for_a_body(here, clerk, chair, now):
    assert set(roles.bodies(user=clerk, perm=PERM, at=now)) == {body_of(clerk)}
    assert not roles.bodies(user=clerk, perm="no_such_right", at=now).exists()
    User.objects.filter(pk=chair.pk).update(is_active=False)
    chair.refresh_from_db()
    assert not roles.bodies(user=chair, perm=PERM, at=now).exists()


def test_a_draft_does_not_go_over_to_another_body(here, chair, clerk, now, refused):
    row = Notice.objects.filter(pk=draft(here, chair, at=now).pk)
    refused("LM087", lambda: row.update(committee=body_of(clerk)))
    refused("LM087", lambda: row.update(written_by=clerk))


@pytest.mark.obligation("A2", "27")
def test_it_is_of_its_bodys_neighborhood(here, elsewhere, chair, outsider, now, refused):
    refused("LM010", lambda: draft(elsewhere, chair, at=now, committee=body_of(chair)))
    theirs = published(elsewhere, outsider, at=now)
    refused("LM087", lambda: draft(here, chair, at=now, corrects=theirs))


def test_it_is_not_published_from_the_first_moment_nor_earlier_than_it_was(here, chair, now, refused):
    refused("LM087", lambda: draft(here, chair, at=now, published_at=now, published_by=chair))
    made = publishing.publish(notice=draft(here, chair, at=now), by=chair, at=now - timedelta(days=9))
    assert abs(made.published_at - now) < timedelta(hours=1)


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "x"},
        {"text": "x"},
        {"title_en": "x", "text_en": "y"},
        {"pinned": True},
        {"until": "2099-01-01"},
        {"kind": "document"},
        {"published_at": None, "published_by": None},
    ],
)
def test_its_words_stand_once_it_is_published(here, chair, now, refused, changed):
    made = published(here, chair, at=now)
    before = Notice.objects.values().get(pk=made.pk)
    refused("LM088", lambda: Notice.objects.filter(pk=made.pk).update(**changed))
    refused("LM088", made.delete)
    assert Notice.objects.values().get(pk=made.pk) == before


def test_it_is_published_once(here, chair, now):
    made = published(here, chair, at=now)
    with pytest.raises(publishing.NotADraft):
        publishing.publish(notice=made, by=chair, at=now)


def test_a_mistake_is_put_right_by_another_that_names_it(here, chair, now, refused):
    wrong = published(here, chair, at=now, text="周三停水。", pinned=True)
    better = publishing.correct(notice=wrong, by=chair, at=now)
    assert (better.corrects, better.text, better.pinned, better.published_at) == (
        wrong,
        "周三停水。",
        True,
        None,
    )
    Notice.objects.filter(pk=better.pk).update(text="周四停水。")
    publishing.publish(notice=better, by=chair, at=now)
    refused("LM088", lambda: Notice.objects.filter(pk=better.pk).update(corrects=None))
    with pytest.raises(publishing.NotShown):
        publishing.correct(notice=draft(here, chair, at=now), by=chair, at=now)


def test_pressed_again_it_is_the_draft_that_was_begun_whoever_presses(here, chair, now):
    clerk = staff(here, username="secretary", kind=Kind.OWNERS, role=Term.Role.CLERK, at=now)
    wrong = published(here, chair, at=now)
    better = publishing.correct(notice=wrong, by=chair, at=now)
    Notice.objects.filter(pk=better.pk).update(text="周四停水。")
    assert publishing.correct(notice=wrong, by=clerk, at=now).text == "周四停水。"
    assert wrong.corrections.count() == 1
    publishing.publish(notice=better, by=chair, at=now)
    assert publishing.correct(notice=wrong, by=clerk, at=now) != better  # that one stands: another begins


def test_a_form_sent_twice_is_one_draft_and_with_other_words_another(here, chair, now):
    token = uuid4()

    def sent(text: str, by=chair) -> Notice:
        typed = Notice(neighborhood=here, committee=body_of(by), title="停水", text=text, token=token)
        return publishing.draft(notice=typed, by=by, at=now)

    first = sent("明天。")
    assert sent("明天。") == first
    assert sent("后天。") != first
    assert Notice.objects.count() == 2
    clerk = staff(here, username="secretary", kind=Kind.OWNERS, role=Term.Role.CLERK, at=now)
    assert sent("明天。", clerk) != first  # of somebody else it says nothing


def test_which_form_it_was_is_in_no_hash(here, chair, now):
    made = draft(here, chair, at=now)
    with connection.cursor() as cursor:
        ask = "SELECT committees_notice_hash(n) FROM committees_notice n WHERE id = %s"
        before = cursor.execute(ask, [made.pk]).fetchone()
        Notice.objects.filter(pk=made.pk).update(token=uuid4())
        assert cursor.execute(ask, [made.pk]).fetchone() == before
        # As it was before there was one: what stands keeps its number.
        cursor.execute(
            """
            SELECT sha256(convert_to(jsonb_build_object('notice', to_jsonb(n) - ARRAY['hash', 'token', 'published_at',
                'published_by_id', 'taken_down_at', 'taken_down_by_id', 'written_at', 'written_by_id', 'corrects_id',
                'meeting_id', 'meets_at', 'audience', 'buildings', 'publish_at', 'scheduled_by_id', 'held_back_at'] || jsonb_build_object('meets_at', null), 'files', null)::text, 'UTF8'))
            FROM committees_notice n WHERE id = %s
            """,
            [made.pk],
        )
        assert cursor.fetchone() == before


@pytest.mark.obligation("31")
def test_what_should_not_have_been_said_is_taken_down_for_good(here, chair, now, refused):
    made = published(here, chair, at=now)
    publishing.take_down(notice=made, by=chair, at=now)
    assert not Notice.objects.published().exists()
    with pytest.raises(publishing.NotShown):
        publishing.take_down(notice=made, by=chair, at=now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM088", lambda: row.update(taken_down_at=None, taken_down_by=None))
    with pytest.raises(publishing.NotShown):
        publishing.take_down(notice=draft(here, chair, at=now), by=chair, at=now)


def test_it_goes_when_its_time_is_over_though_a_later_one_names_it(here, chair, now):
    old = published(here, chair, at=now)
    later = publishing.publish(notice=publishing.correct(notice=old, by=chair, at=now), by=chair, at=now)
    happened_at(old, "published_at", now - timedelta(days=5 * 365))
    old.delete()
    later.refresh_from_db()
    assert later.corrects is None


# --- What it never holds

NUMBERS = [
    ("请致电 138 0571 4321", Rule.PHONE),
    ("联系人手机13805714321。", Rule.PHONE),
    ("１３８０５７１４３２１", Rule.PHONE),
    ("+86 138-0571-4321", Rule.PHONE),
    ("业主 0571 8765 4321", Rule.PHONE),
    ("打 8765 4321 或 87654321", Rule.PHONE),
    ("身份证 330106 19900101 1234", Rule.IDENTITY),
    ("33010619900101123X", Rule.IDENTITY),
]
HARMLESS = [
    "2026-11-28 19:30 在 1 幢底层，2026-2027 年度预算 1280000.00 元，3 幢 1201 室门口的灯",
    "会议编号 20261128，表决票 1201 张，电表 19801980",
    "急事请拨 110、119 或 12345",
    "请致电物业 0571 8800 1001，夜间 8800 1000，门岗 0571-8800-1002",
]


@pytest.fixture
def offices(here: Neighborhood, clerk: User) -> None:
    Committee.objects.filter(neighborhood=here, kind=Kind.PROPERTY).update(
        phone="0571 8800 1001", night_phone="0571-8800-1000"
    )
    Neighborhood.objects.filter(pk=here.pk).update(guard_phone="0571 8800 1002")
    here.refresh_from_db()


@pytest.mark.obligation("31")
@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        *(("text", *each) for each in NUMBERS),
        *((field, *NUMBERS[0]) for field in ("title", "text_en", "place")),
    ],
)
def test_it_holds_nobodys_number(here, chair, offices, now, refused, field, text, rule):
    said = {
        "text_en": {"title_en": "Water", "text_en": text},
        "place": {"kind": "meeting", "meets_at": now, "place": text},
    }.get(field, {field: text})
    made = draft(here, chair, at=now, **said)
    with pytest.raises(publishing.SaysTooMuch) as too_much:
        publishing.publish(notice=made, by=chair, at=now)
    assert (field, rule) in too_much.value.broken
    row = Notice.objects.filter(pk=made.pk)
    refused("LM089", lambda: row.update(published_by=chair, published_at=now))


@pytest.mark.parametrize("text", HARMLESS)
def test_it_holds_days_sums_and_the_offices_own_numbers(here, chair, offices, now, text):
    assert published(here, chair, at=now, text=text).published_at


@pytest.mark.obligation("31")
def test_an_office_of_another_neighborhood_makes_no_number_public(here, elsewhere, chair, outsider, now):
    Committee.objects.filter(neighborhood=elsewhere).update(phone="0571 8765 4321")
    assert wording.rules_broken(text="0571 8765 4321", own=wording.office_numbers(here)) == [Rule.PHONE]
    with pytest.raises(publishing.SaysTooMuch):
        published(here, chair, at=now, text="0571 8765 4321")


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "meeting"},
        {"kind": "meeting", "place": "1 幢底层"},
        {"kind": "notice", "place": "1 幢底层"},
        {"title_en": "Water"},
        {"text_en": "Water"},
    ],
)
def test_it_is_whole(here, chair, now, said):
    with pytest.raises(DatabaseError), transaction.atomic():
        draft(here, chair, at=now, **said)
