"""Sending two photos, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from access import photos
from access.enrolment import Closed, NotNow
from access.models import Enrolment
from consent.models import Form, Purpose
from gate.photos import Refusal
from portal.screens.outcomes import OUTCOMES
from residents.models import Resident
from tests.enrolling import agree, two_portraits

pytestmark = pytest.mark.usefixtures("_private_photos")
MEGABYTE = 1024 * 1024


@pytest.fixture
def _private_photos(settings, tmp_path: Path) -> None:
    settings.PHOTOS = tmp_path / "photos"


@pytest.fixture
def agreed(resident: Resident, forms: dict[Purpose, Form], now: datetime) -> None:
    agree(resident, forms, Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET, at=now)


def send(client: Client, **changes: bytes | None):
    first, second = two_portraits()
    chosen = {"photo_1": first, "photo_2": second, **changes}
    return client.post(
        "/enrol/",
        {
            name: SimpleUploadedFile("photo.jpg", data, "image/jpeg")
            for name, data in chosen.items()
            if data is not None
        },
    )


def kept(settings) -> list[Path]:
    return [path for path in Path(settings.PHOTOS).rglob("*") if path.is_file()]


@pytest.fixture
def under_way(me: Client, agreed: None) -> Enrolment:
    send(me)
    return Enrolment.objects.get()


def test_every_outcome_has_words():
    assert {*Refusal, *Closed} <= set(OUTCOMES)
    assert not {*NotNow} & set(OUTCOMES)  # these lead to another page instead


@pytest.mark.obligation("A5", "5")
def test_without_a_yes_it_leads_to_the_form_and_keeps_nothing(
    me: Client, settings, forms: dict[Purpose, Form]
):
    for answer in (me.get("/enrol/"), send(me)):
        assert answer["Location"] == "/decisions/face_at_gate/"
    assert not kept(settings)
    assert not Enrolment.objects.exists()


@pytest.mark.obligation("5")
def test_a_yes_to_the_face_sends_no_photo(
    me: Client, settings, resident: Resident, forms: dict[Purpose, Form], now: datetime
):
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    page = me.get("/enrol/").content.decode()
    assert "At the property office" in page
    assert "photo_1" not in page
    assert send(me)["Location"] == "/decisions/photo_over_internet/"
    assert not kept(settings)


def test_two_photos_begin_it(me: Client, settings, agreed: None, resident: Resident):
    answer = send(me)
    begun = Enrolment.objects.get(resident=resident)
    assert answer["Location"] == f"/enrol/{begun.pk}/"
    page = me.get(answer["Location"]).content.decode()
    assert "We are looking at your photos" in page
    assert 'data-refresh="3"' in page
    assert len(kept(settings)) == 2


def test_what_lies_on_the_disk_is_no_photo(me: Client, settings, agreed: None):
    send(me)
    assert not any(path.read_bytes().startswith(b"\xff\xd8") for path in kept(settings))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"photo_2": None}, "The second photo is missing."),
        ({"photo_1": None, "photo_2": None}, "The first photo is missing."),
        ({"photo_1": b""}, "The file is empty; no picture reached us."),
        ({"photo_2": b"\xff\xd8" + b"x" * (12 * MEGABYTE)}, "The file is larger than 12 megabytes."),
    ],
)
def test_what_can_be_refused_at_once_is_and_keeps_nothing(
    me: Client, settings, agreed: None, changes: dict[str, bytes | None], words: str
):
    answer = send(me, **changes)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not kept(settings)
    assert not Enrolment.objects.exists()


def test_thirty_megabytes_are_refused_without_touching_a_disk(me: Client, settings, agreed: None):
    page = send(me, photo_1=b"x" * (30 * MEGABYTE)).content.decode()
    assert page.count("The file is larger than 12 megabytes.") == 2  # in the summary and at the field
    assert "The first photo is missing." not in page
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*"))


@pytest.mark.parametrize("given", [{}, {"photo_1": "text"}, {"photo_1": "\0", "photo_2": "\0"}])
def test_what_is_no_file_is_asked_for_again(me: Client, agreed: None, given: dict[str, str]):
    assert "The first photo is missing." in me.post("/enrol/", given).content.decode()


def test_a_body_cut_off_is_refused(me: Client, agreed: None):
    body = b"--x\r\nContent-Disposition: form-data; name=photo_1; filename=a"
    answer = me.generic("POST", "/enrol/", body, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert me.generic("POST", "/enrol/", body, "multipart/form-data; boundary=x").status_code in (200, 400)
    assert not Enrolment.objects.exists()


def test_many_files_are_refused(me: Client, agreed: None):
    files = {f"photo_{n}": SimpleUploadedFile("a.jpg", b"x") for n in range(9)}
    assert me.post("/enrol/", files).status_code == 400


def test_the_name_of_the_file_goes_nowhere(me: Client, settings, agreed: None):
    photo = SimpleUploadedFile("../../<script>alert(1)</script>.jpg", b"")
    page = me.post("/enrol/", {"photo_1": photo}).content.decode()
    assert "<script>alert" not in page
    assert not kept(settings)


def test_sending_twice_leads_to_the_one_under_way(me: Client, under_way: Enrolment):
    answer = send(me)
    assert answer["Location"] == f"/enrol/{under_way.pk}/"
    assert me.get("/enrol/")["Location"] == f"/enrol/{under_way.pk}/"
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("reason", sorted({*Refusal, *Closed}))
def test_each_refusal_says_what_was_wrong_and_what_to_do(
    me: Client, under_way: Enrolment, now: datetime, reason: str
):
    Enrolment.objects.filter(pk=under_way.pk).update(state="refused", reason=reason, photo=2, finished_at=now)
    page = me.get(f"/enrol/{under_way.pk}/").content.decode().replace("&#x27;", "'")
    assert str(OUTCOMES[reason].what) in page
    assert str(OUTCOMES[reason].next) in page
    assert "Second photo" in page
    assert "Try with other photos" in page
    assert "data-refresh" not in page


def test_photos_that_are_still_there_are_not_called_deleted(me: Client, under_way: Enrolment, now: datetime):
    Enrolment.objects.filter(pk=under_way.pk).update(state="refused", reason="no_face", finished_at=now)
    address = f"/enrol/{under_way.pk}/"
    assert "Your photos were deleted" not in me.get(address).content.decode()
    photos.delete_all(photos.consent_of(under_way).pk)
    assert "Your photos were deleted" in me.get(address).content.decode()


def test_the_outcome_waits_for_me(me: Client, under_way: Enrolment, now: datetime):
    Enrolment.objects.filter(pk=under_way.pk).update(state="done", finished_at=now)
    photos.delete_all(photos.consent_of(under_way).pk)
    page = me.get(f"/enrol/{under_way.pk}/").content.decode()
    assert "Face entry is ready" in page
    assert "data-refresh" not in page


def test_thinking_again_deletes_the_photos_at_once(me: Client, settings, under_way: Enrolment):
    answer = me.post(f"/enrol/{under_way.pk}/cancel/", follow=True)
    assert "Both photos are deleted" in answer.content.decode()
    assert not kept(settings)
    assert not Enrolment.objects.exists()


def test_what_has_ended_cannot_be_cancelled(me: Client, under_way: Enrolment, now: datetime):
    Enrolment.objects.filter(pk=under_way.pk).update(
        state="refused", reason="could_not_finish", finished_at=now
    )
    assert me.post(f"/enrol/{under_way.pk}/cancel/")["Location"] == f"/enrol/{under_way.pk}/"


def test_a_neighbor_neither_sees_nor_cancels_it(them: Client, under_way: Enrolment):
    assert them.get(f"/enrol/{under_way.pk}/").status_code == 404
    assert them.post(f"/enrol/{under_way.pk}/cancel/").status_code == 404
    assert Enrolment.objects.exists()


def test_whoever_is_not_signed_in_is_asked_to(anybody: Client, under_way: Enrolment):
    assert anybody.get(f"/enrol/{under_way.pk}/").status_code == 302
    assert anybody.post(f"/enrol/{under_way.pk}/cancel/").status_code == 302
    assert send(anybody).status_code == 302
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("number", ["x", "7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91", "%00"])
def test_what_is_no_enrolment_is_no_page(me: Client, number: str):
    assert me.get(f"/enrol/{number}/").status_code == 404
    assert me.post(f"/enrol/{number}/cancel/").status_code == 404


def test_cancelling_is_a_press_and_not_an_address(me: Client, under_way: Enrolment):
    assert me.get(f"/enrol/{under_way.pk}/cancel/").status_code == 405
    assert me.put("/enrol/").status_code == 405
