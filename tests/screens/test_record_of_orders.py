"""My record shows what an order by law gave of me: exactly, to whom and by which law; from its day on, and to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from committees.models import Committee, Term
from residents.models import Resident, User
from sharing import copying
from sharing.models import Order, Recipient
from tests.cast import staff
from tests.minors.conftest import family
from tests.sharing import ordering
from tests.sharing.passing import its_day_comes

PLACES = ("/", "/record/", "/record/all/", "/record/print/")


@pytest.fixture
def authority(here, chair, now) -> Recipient:
    return ordering.authority(here, by=chair, at=now)


@pytest.fixture
def readers(here, chair, now) -> tuple[User, User]:
    kind, role = Committee.Kind.RESIDENTS, Term.Role.CHAIR
    return chair, staff(here, username="chair-of-residents", kind=kind, role=role, at=now)


@pytest.fixture
def order(authority, resident, clerk, readers, now) -> Order:
    made = ordering.drafted(authority, resident, by=clerk, at=now, fields=["name", "dwelling", "phone"])
    copying.hand(copy=ordering.ready(made, *readers, at=now), at=now)
    return made


@pytest.fixture
def silent(authority, resident, clerk, readers, now) -> Order:
    late = {"tell_on": now + timedelta(days=30), "forbidden_by": ordering.SILENCE}
    made = ordering.drafted(authority, resident, by=clerk, at=now, **late)
    copying.hand(copy=ordering.ready(made, *readers, at=now), at=now)
    return made


@pytest.mark.obligation("A6")
def test_my_record_shows_exactly_what_was_given_to_whom_and_by_which_law(me: Client, order: Order):
    page = me.get("/record/").content.decode()
    assert "城东公安分局" in page
    assert ordering.LAW in page
    assert "You can still stop it" not in page
    address = f"/sharing/{order.request_id}/"
    assert address in page
    exact = me.get(address).content.decode()
    for words in (
        "柳一",
        "1 101",
        "0571 8800 0101",
        ordering.LAW,
        "红柜二层",
        "Finding a witness",
        ordering.SHA,
    ):
        assert words in exact
    assert "<form" not in exact[exact.index("<main") : exact.index("</main>")]
    assert me.post(f"{address}answer/", {"choice": "no"}).status_code == 404


@pytest.mark.obligation("A6", "31")
def test_nobody_else_has_such_a_page(them: Client, sign_in, stranger: Resident, order: Order):
    for client in (them, sign_in(stranger)):
        assert client.get(f"/sharing/{order.request_id}/").status_code == 404
        assert "城东公安分局" not in client.get("/record/").content.decode()


@pytest.mark.obligation("A6")
def test_before_its_day_no_page_says_a_word_and_then_it_needs_no_sweep(me: Client, silent: Order):
    address = f"/sharing/{silent.request_id}/"
    for place in PLACES:
        page = me.get(place, follow=True).content.decode()
        assert "城东公安分局" not in page
        assert address not in page
    assert me.get(address).status_code == 404
    its_day_comes(silent)
    page = me.get("/record/").content.decode()
    assert ordering.SILENCE in page
    assert address in page
    assert "A law forbade telling of it before" in me.get(address).content.decode()


@pytest.mark.obligation("A6", "15")
def test_a_guardian_sees_what_was_given_of_a_child(here, authority, readers, clerk, sign_in, neighbor, now):
    fam = family(here, clerk, at=now)
    order = ordering.drafted(authority, fam.child, by=clerk, at=now, fields=["name"])
    copying.hand(copy=ordering.ready(order, *readers, at=now), at=now)
    mother, home = sign_in(fam.mother), f"/living/children/{fam.child.pk}/"
    address = f"{home}sharing/{order.request_id}/"
    assert address in mother.get(home).content.decode()
    page = mother.get(address).content.decode()
    assert "小柳" in page
    assert ordering.LAW in page
    assert sign_in(neighbor).get(address).status_code == 404
