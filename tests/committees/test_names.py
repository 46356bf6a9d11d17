"""Who is named: the owners' committee by law, others with a yes of their own, everybody only while in office."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import translation

from committees import appointing, public
from committees.models import Committee, Term
from ledger.models import Opening
from residents.models import User
from tests.cast import staff

Kind, Role = Committee.Kind, Term.Role


def named(user: User, name: str = "何建国", *, agreed: bool = False, at) -> Term:
    term = Term.objects.get(user=user)
    appointing.publish_name(term=term, name=name, agreed=agreed, by=None, at=at)
    return Term.objects.get(pk=term.pk)


def shown(here, at) -> set[str]:
    return {
        member.name
        for body in public.bodies(neighborhood=here, at=at)
        for member in body.members
        if member.name
    }


def refused(act) -> str:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    return error.value.__cause__.sqlstate


@pytest.mark.obligation("31")
def test_the_owners_committee_is_named_because_the_law_asks(here, chair, now):
    named(chair, at=now)
    assert shown(here, now) == {"何建国"}


@pytest.mark.obligation("31")
@pytest.mark.parametrize("who", ["clerk", "auditor"])
def test_nobody_else_is_named_without_a_yes_of_their_own(request, here, now, who):
    user = request.getfixturevalue(who)
    with pytest.raises(appointing.NotAgreed):
        named(user, at=now)
    row = Term.objects.filter(user=user)
    assert refused(lambda: row.update(public_name="何建国")) == "LM087"
    named(user, agreed=True, at=now)
    assert shown(here, now) == {"何建国"}
    assert refused(lambda: row.update(name_agreed=False)) == "LM087"
    named(user, "", at=now)  # who takes it back
    assert shown(here, now) == set()


@pytest.mark.obligation("31", "46")
def test_whose_term_is_over_is_named_no_more_from_that_day(here, chair, now):
    term = named(chair, at=now)
    appointing.end(term=term, by=None, at=now)
    assert shown(here, now) == set()
    with pytest.raises(appointing.TermOver):
        named(chair, "何二", at=now)
    assert refused(lambda: Term.objects.filter(pk=term.pk).update(public_name="何二")) == "LM087"
    # Nor before it has begun.
    term = Term.objects.get(
        user=staff(here, username="next", kind=Kind.OWNERS, role=Role.CLERK, at=now + timedelta(days=60))
    )
    appointing.publish_name(term=term, name="何后来", agreed=False, by=None, at=now)
    assert shown(here, now) == set()


@pytest.mark.obligation("31")
@pytest.mark.parametrize("name", ["何建国 13805714321", "何@example", "1 幢 101 何"])
def test_a_name_is_a_name_and_nothing_beside(here, chair, now, name):
    with pytest.raises(IntegrityError), transaction.atomic():
        named(chair, name, at=now)


def test_a_name_may_change_and_all_else_of_a_term_may_not(here, chair, now):
    term = named(chair, at=now)
    for changed in (
        {"role": "clerk"},
        {"starts": term.starts - timedelta(days=9)},
        {"public_name": "x", "role": "clerk"},
    ):
        assert refused(lambda changed=changed: Term.objects.filter(pk=term.pk).update(**changed)) == "LM006"


def test_the_record_says_that_a_name_changed_and_never_which(here, chair, now):
    named(chair, at=now)
    found = Opening.objects.filter(entry__kind="term.named")
    assert found.count() == 1
    assert "何建国" not in str(found.values().get())


def test_it_is_shown_in_the_order_of_posts_and_of_bodies(here, chair, clerk, auditor, now):
    staff(here, username="secretary", kind=Kind.OWNERS, role=Role.CLERK, at=now - timedelta(days=20))
    with translation.override("zh-hans"):
        found = public.bodies(neighborhood=here, at=now)
    assert [body.committee.kind for body in found] == ["owners", "residents", "property"]
    assert [member.post for member in found[0].members] == ["主任", "办事员"]
