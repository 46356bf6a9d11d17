"""A named helper writes down a no and reports a lost card: never a yes, never over what the person decided, and sees nothing."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from access import cards
from access.models import Credential
from consent import deciding, decisions, voices, withdrawal
from consent.models import Decision, Purpose, Standing
from portal.screens import helping
from residents import standing_by
from residents.models import Helper, Resident
from tests.drawn import without_drawn
from tests.minors.conftest import allow_faces

pytestmark = pytest.mark.django_db
FACE = Purpose.FACE_AT_GATE


@pytest.fixture
def named(resident, neighbor, here, now) -> Helper:
    allow_faces(here, at=now)
    return standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)


@pytest.fixture
def helper(neighbor, sign_in):
    return sign_in(neighbor)


def no(client, named):
    return client.post(reverse("helping_no", args=[named.pk, FACE]), follow=True)


@pytest.mark.obligation("6")
def test_a_no_is_written_down_with_who_wrote_it_and_they_may_say_yes_later(
    helper, named, resident, neighbor, forms, sign_in, now
):
    assert no(helper, named).status_code == 200
    no(helper, named)  # twice is once
    decision = Decision.objects.get()
    assert (decision.kind, decision.capacity, decision.actor) == ("refused", "helper", neighbor.user)
    me = sign_in(resident)
    assert f"Your helper {neighbor.name}" in me.get(reverse("consent", args=[FACE])).content.decode()
    assert f"Written down by your helper: {neighbor.name}" in me.get("/record/").content.decode()
    deciding.give(
        resident=resident, purpose=FACE, form=forms[FACE], voice=voices.own(resident.user, "en"), at=now
    )
    assert Standing.objects.exists()


@pytest.mark.obligation("6", "8")
def test_nothing_that_they_decided_is_touched_and_the_page_does_not_say_so(
    helper, named, resident, forms, now
):
    page = reverse("helping", args=[named.pk])
    mine = {"resident": resident, "purpose": FACE, "voice": voices.own(resident.user, "en"), "at": now}
    seen, answers = [helper.get(page).content], []
    deciding.give(form=forms[FACE], **mine)
    seen.append(helper.get(page).content)
    answers.append(no(helper, named).content)
    assert Standing.objects.exists()
    withdrawal.withdraw(**mine)
    answers.append(no(helper, named).content)
    seen.append(helper.get(page).content)
    assert [each.kind for each in Decision.objects.order_by("at")] == ["given", "withdrawn"]

    def plain(content):
        return [line for line in content.decode().splitlines() if "csrfmiddlewaretoken" not in line]

    assert plain(seen[0]) == plain(seen[1])
    assert plain(answers[0]) == plain(answers[1])


@pytest.mark.obligation("6")
def test_a_yes_has_no_way_in(helper, named, resident, neighbor, forms, now):
    with pytest.raises(deciding.NeverYes):
        deciding.give(
            resident=resident,
            purpose=FACE,
            form=forms[FACE],
            voice=voices.helper(neighbor.user, "en"),
            at=now,
        )
    with pytest.raises(DatabaseError, match="decision_of_a_helper_is_a_no"), transaction.atomic():
        Decision.objects.create(
            neighborhood=resident.neighborhood, resident=resident, form=forms[FACE], purpose=FACE, kind="given",
            actor=neighbor.user, capacity="helper", route="portal", language="en", form_hash=forms[FACE].content_hash,
        )  # fmt: skip
    assert b'value="yes"' not in helper.get(reverse("helping", args=[named.pk])).content


@pytest.mark.obligation("6")
def test_a_lost_card_is_blocked_and_its_pin_is_not_told_to_the_helper(helper, named, resident, now):
    card = cards.issue(resident=resident, number="04A20001", at=now)
    page = helper.post(reverse("helping_lost", args=[named.pk]), follow=True).content.decode()
    card.refresh_from_db()
    assert card.ended_because == Credential.Ended.LOST
    lent = Credential.objects.active().get(resident=resident)
    assert lent.kind == Credential.Kind.PIN
    assert lent.number not in without_drawn(page)


@pytest.mark.obligation("A2")
def test_nobody_else_has_this_page_and_it_ends_with_the_naming(
    named, resident, neighbor, stranger, chair, forms, sign_in, now
):
    addresses = [
        reverse("helping", args=[named.pk]),
        reverse("helping_no", args=[named.pk, FACE]),
        reverse("helping_lost", args=[named.pk]),
    ]
    for who in (resident, stranger):
        client = sign_in(who)
        assert client.get(addresses[0]).status_code == 404
        assert {client.post(each).status_code for each in addresses[1:]} == {404}
    standing_by.end_helper(helper=named, by=resident.user, at=now)
    helper = sign_in(neighbor)
    assert helper.get(addresses[0]).status_code == 404
    assert {helper.post(each).status_code for each in addresses[1:]} == {404}
    with pytest.raises(deciding.NoHelper):
        deciding.refuse(
            resident=resident,
            purpose=FACE,
            form=forms[FACE],
            voice=voices.helper(neighbor.user, "en"),
            at=now,
        )
    with pytest.raises(DatabaseError, match="no helper of this resident"), transaction.atomic():
        decisions.write(
            resident=resident, form=forms[FACE], kind="refused", voice=voices.helper(neighbor.user, "en")
        )
    assert not Decision.objects.exists()


@pytest.mark.obligation("6")
def test_one_who_is_named_no_more_at_that_moment_is_told_that_there_is_no_such_page(
    helper, named, resident, forms, now, monkeypatch
):
    """Ended between the page and the act: what was read before the lock does not count."""
    found = helping._named

    def slow(request, pk):
        before = found(request, pk)
        standing_by.end_helper(helper=named, by=resident.user, at=now)
        return before

    monkeypatch.setattr(helping, "_named", slow)
    assert no(helper, named).status_code == 404
    assert not Decision.objects.exists()


def test_a_helper_reads_no_full_name(helper, named, resident: Resident):
    page = helper.get(reverse("helping", args=[named.pk])).content.decode()
    assert resident.name not in page
