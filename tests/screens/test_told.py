"""A change is told on the first page until it is put away with one press; a no is left alone for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from committees.models import Committee, Term
from consent import deciding, voices
from consent.models import Form, Notice, Purpose
from residents.models import Resident, User
from tests.cast import draft, publish, staff
from tests.drawn import without_drawn
from tests.enrolling import agree

FACE = Purpose.FACE_AT_GATE


def change(here, chair: User, now, *, version: int = 2, only_words: bool = False) -> Form:
    """The next version; what it asks for is another number of days, or the same as before."""
    form = draft(here, FACE, version=version)
    before = Form.objects.get(purpose=FACE, neighborhood=here, state=Form.State.PUBLISHED)
    Form.objects.filter(pk=form.pk).update(
        only_words=only_words, life_days=before.life_days if only_words else 30
    )
    return publish(form=Form.objects.get(pk=form.pk), by=chair, at=now)


def main_of(client: Client) -> str:
    """The first page without what stands around every page."""
    return client.get("/").content.decode().split("<main")[1].split("</main")[0]


@pytest.mark.obligation("7", "12")
@pytest.mark.parametrize(
    ("only_words", "said"),
    [(False, "Your card opens the same doors as before"), (True, "Your yes stands, and you need do nothing")],
)
def test_it_is_told_until_it_is_put_away_and_kept_in_the_record(
    me: Client, them: Client, resident, here, chair, forms, now, only_words, said
):
    agree(resident, forms, FACE, at=now)
    change(here, chair, now, only_words=only_words)
    notice = Notice.objects.get()
    put_away = f"/consents/notices/{notice.pk}/put-away/"
    assert said in me.get("/").content.decode()
    assert said not in them.get("/").content.decode()
    assert me.get(put_away).status_code == 405
    assert them.post(put_away).status_code == 404
    for _twice in range(2):
        assert me.post(put_away).status_code == 302
    assert said not in me.get("/").content.decode()
    assert said in me.get("/record/").content.decode()


@pytest.mark.obligation("12")
def test_after_a_no_a_year_goes_by_with_two_new_forms_and_without_a_word(
    sign_in, resident: Resident, here, chair, doors, forms, now, monkeypatch: pytest.MonkeyPatch
):
    voice = voices.own(resident.user, "en")
    deciding.refuse(resident=resident, purpose=FACE, form=forms[FACE], voice=voice, at=now)
    quiet = main_of(sign_in(resident))
    assert "face" not in without_drawn(quiet).lower()
    for version, days in ((2, 100), (3, 200)):
        monkeypatch.setattr(timezone, "now", lambda days=days: now + timedelta(days=days))
        change(here, chair, now + timedelta(days=days), version=version, only_words=version == 3)
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=366))
    client = sign_in(resident)
    home = main_of(client)
    assert "Nothing is waiting." in home
    assert "face" not in without_drawn(home).lower()
    assert not Notice.objects.exists()
    assert mail.outbox == []
    page = client.get("/decisions/").content.decode().split("<main")[1]
    assert page.index('id="decided"') < page.index(f"/decisions/{FACE}/")


def test_the_desk_prints_it_from_the_persons_own_page_for_who_has_no_account(
    sign_in, resident: Resident, neighbor: Resident, here, chair, clerk, forms, now
):
    agree(resident, forms, FACE, at=now)
    change(here, chair, now)
    desk = sign_in(clerk)
    address = f"/desk/people/{resident.pk}/told/"
    assert "read it on their own page" in desk.post(address, follow=True).content.decode()
    Resident.objects.filter(pk__in=[resident.pk, neighbor.pk]).update(user=None)
    # The same button for everybody: it says nothing of anyone.
    for who in (resident, neighbor):
        assert f"/desk/people/{who.pk}/told/" in desk.get(f"/desk/people/{who.pk}/").content.decode()
    assert (
        "There is nothing to tell them."
        in desk.post(f"/desk/people/{neighbor.pk}/told/", follow=True).content.decode()
    )
    slip = desk.post(address).content.decode()
    assert "the form changed, and your yes ended" in slip
    assert "您的同意已终止" in slip  # in both languages, for nobody knows theirs
    assert "There is nothing to tell them." in desk.post(address, follow=True).content.decode()


def test_nobody_from_elsewhere_prints_it(sign_in, resident: Resident, elsewhere, forms, now):
    other = staff(elsewhere, username="far", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    assert sign_in(other).post(f"/desk/people/{resident.pk}/told/").status_code in (403, 404)
