"""What residents and everybody read about faces, and what the committee sees that is missing."""

from __future__ import annotations

import pytest
from django.test import Client

from consent import enabling
from consent.enabling import Because
from consent.models import Decision, ImpactAssessment, Incident, Justification, Purpose
from tests import make

pytestmark = pytest.mark.django_db
FACE = "/decisions/face_at_gate/"


@pytest.fixture
def form(here, now):
    return make.draft_in_force(here, Purpose.FACE_AT_GATE, at=now)


@pytest.fixture
def desk(chair):
    client = Client(headers={"accept-language": "en"})
    client.force_login(chair)
    return client


def page(client, url, **also) -> str:
    return client.get(url, headers={"accept-language": "en"}, **also).content.decode()


@pytest.mark.obligation("17", "12")
def test_where_faces_were_never_on_nothing_is_said_of_them_unasked(me, resident, form):
    assert "by face" not in page(me, "/")
    assert "No consent" in page(me, "/decisions/") or "asks for no consent" in page(me, "/decisions/")
    looked_for = page(me, FACE)
    assert "Not offered here at present" in looked_for
    assert 'value="yes"' not in looked_for


@pytest.mark.obligation("17", "18")
def test_while_it_is_off_there_is_no_button_but_a_line_that_says_why(me, here, form, now):
    make.enable(here, at=now)
    assert 'value="yes"' in page(me, FACE)
    enabling.make_stale(neighborhood=here, because=Because.INCIDENT, at=now)
    off = page(me, FACE)
    assert 'value="yes"' not in off
    assert "a leak or an attack has happened" in off
    answer = me.post(f"{FACE}decide/", {"choice": "yes", "form": form.pk}, follow=True)
    assert answer.status_code == 200
    assert not Decision.objects.exists()
    assert me.post(f"{FACE}decide/", {"choice": "no", "form": form.pk}).status_code == 302
    assert Decision.objects.get().kind == "refused"


@pytest.mark.obligation("18", "3")
def test_what_stands_can_be_stopped_while_it_is_off(me, here, resident, now):
    make.consent(resident, at=now)
    enabling.make_stale(neighborhood=here, because=Because.INCIDENT, at=now)
    assert "Not offered" not in page(me, FACE)  # what was agreed to goes on
    assert me.post(f"{FACE}stop/").status_code == 302
    assert Decision.objects.filter(kind="withdrawn").count() == 1


@pytest.mark.obligation("17", "18")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_everybody_reads_why_and_until_when(db, client, here, now, language):
    address = f"/faces/{here.pk}/"
    headers = {"accept-language": language}
    before = client.get(address, headers=headers)
    assert before.status_code == 200
    make.enable(here, at=now)
    said = client.get(address, headers=headers).content.decode()
    tongue = "_en" if language == "en" else ""
    for part in Justification.PARTS:
        assert f"{part}{tongue} 答" in said
    assert f"summary{tongue} 答" in said
    assert "risk_leak 答" not in said  # the summary is for everybody; what a thief could use is not
    assert str(ImpactAssessment.objects.get().valid_until.year) in said
    assert here.display_name in client.get("/faces/", headers=headers).content.decode()
    assert "writes-it" not in said


def test_a_neighborhood_that_is_none_has_no_page(db, client):
    assert client.get("/faces/00000000-0000-0000-0000-000000000000/").status_code == 404


@pytest.mark.obligation("17")
def test_the_committee_sees_what_is_missing_and_the_way_to_it(desk, here, chair, now):
    off = page(desk, "/admin/enabling/")
    assert "Faces are off here" in off
    assert "/admin/consent/justification/add/" in off
    assert "What is still missing" in page(desk, "/admin/")
    make.justification(here, by=make.staff_account("somebody"))
    assert "Read and confirm it" in page(desk, "/admin/enabling/")
    make.enable(here, at=now)
    assert "Nothing is missing" in page(desk, "/admin/enabling/")


@pytest.mark.obligation("17", "18")
@pytest.mark.parametrize(
    ("kind", "model"), [("justification", Justification), ("impactassessment", ImpactAssessment)]
)
def test_one_writes_at_the_desk_and_another_confirms(desk, here, chair, elsewhere, now, kind, model):
    from committees.models import Committee, Term
    from tests.cast import staff

    second = staff(here, username="second", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)
    given = dict.fromkeys(model.WORDS, "x") | {"neighborhood": here.pk, "modality": "face"}
    if model is ImpactAssessment:
        given["valid_until"] = (now.date() + enabling.ASSESSMENT_HOLDS).isoformat()
    assert desk.post(f"/admin/consent/{kind}/add/", given).status_code == 302
    found = model.objects.get()
    assert found.written_by == chair
    confirm = f"/admin/consent/{kind}/{found.pk}/confirm/"
    assert "You wrote this yourself" in desk.post(confirm).content.decode()
    other = Client()
    other.force_login(second)
    assert other.post(confirm).status_code == 302
    found.refresh_from_db()
    assert found.confirmed_by == second
    again = desk.post(f"/admin/consent/{kind}/{found.pk}/change/", given | {model.WORDS[0]: "y"})
    assert again.status_code == 403
    # What is there cannot be put elsewhere either.
    desk.post(f"/admin/consent/{kind}/add/", given | {"neighborhood": elsewhere.pk})
    assert not model.objects.filter(neighborhood=elsewhere).exists()


@pytest.mark.obligation("17", "18", "27")
def test_strangers_neither_see_nor_confirm_it(here, outsider, clerk, resident, stranger, now):
    drafted = make.justification(here, by=make.staff_account("somebody"))
    base = f"/admin/consent/justification/{drafted.pk}/"
    for who, status in (
        (outsider, {302, 404}),
        (clerk, {403}),
        (resident.user, {302, 403}),
        (stranger.user, {302, 403}),
    ):
        client = Client()
        client.force_login(who)
        assert client.post(f"{base}confirm/").status_code in status, who.username
        client.post("/admin/consent/incident/add/", {"neighborhood": here.pk, "kind": "leak", "reason": "x"})
    drafted.refresh_from_db()
    assert drafted.confirmed_at is None
    assert set(Incident.objects.values_list("said_by", flat=True)) <= {clerk.pk}
    assert Client().get("/admin/enabling/").status_code == 302


@pytest.mark.obligation("18")
def test_staff_say_at_the_desk_that_something_has_happened(desk, here, chair, now):
    make.enable(here, at=now)
    said = {"neighborhood": here.pk, "kind": "attack", "reason": "夜里有人拆门禁"}
    assert desk.post("/admin/consent/incident/add/", said).status_code == 302
    assert Incident.objects.get().said_by == chair
    assert ImpactAssessment.objects.get().stale_because == Because.INCIDENT
    assert "a leak or an attack has happened" in page(desk, "/admin/enabling/")


@pytest.mark.obligation("24")
def test_a_sign_is_recorded_at_the_reader(here, clerk, now):
    reader = make.device(make.gate(here, at=now), at=now, signed=False).device
    client = Client()
    client.force_login(clerk)
    address = f"/admin/access/device/{reader.pk}/sign/"
    assert client.post(address, {"hangs": "", "purpose": ""}).status_code == 200
    assert not reader.signs.exists()
    assert client.post(address, {"hangs": "右侧", "purpose": "自愿刷脸"}).status_code == 302
    sign = reader.signs.get()
    assert (sign.posted_by, sign.hangs) == (clerk, "右侧")
    assert client.post(f"/admin/access/sign/{sign.pk}/take-down/").status_code == 302
    assert not reader.signs.hanging().exists()
