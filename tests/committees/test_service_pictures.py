"""Pictures that come with a request: written anew, sealed, four at most, and nothing but JPEG and PNG."""

from __future__ import annotations

import io
import struct
import zlib
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from PIL import Image

from committees import said
from committees.models import ServicePhoto, ServiceRequest
from tests.committees.service import WHERE, asked, picture
from vault import keys

pytestmark = pytest.mark.django_db


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of some hundred bytes that says it is 3.6 gigapixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def written(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, format=kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_nothing_is_left_of_the_file_but_what_can_be_seen(resident, clerk, now, kind):
    sent = picture(kind=kind)
    assert WHERE.encode() in sent
    made = asked(resident, at=now, pictures=[sent])
    kept = ServicePhoto.objects.get(step__request=made)
    shown = said.picture(kept)
    for trace in (WHERE.encode(), "柳一".encode(), b"Exif", b"GPS", b"eXIf"):
        assert trace not in shown, trace
    with Image.open(io.BytesIO(shown)) as opened:
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (600, 400), {})
        assert not {"exif", "comment"} & opened.info.keys()
    assert shown[:100] not in bytes(kept.sealed)


def test_a_large_one_is_made_smaller(resident, clerk, now):
    made = asked(resident, at=now, pictures=[picture(size=(5000, 3000))])
    with Image.open(io.BytesIO(said.picture(ServicePhoto.objects.get(step__request=made)))) as opened:
        assert max(opened.size) == 1900


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (bomb(), "too_many_pixels"),
        (b"", "empty"),
        (picture()[:5000], "truncated"),
        (written("GIF"), "format_not_supported"),
        (written("WEBP"), "format_not_supported"),
        (written("BMP"), "format_not_supported"),
        (b"%PDF-1.7 renamed to photo.jpg", "format_not_supported"),
        (b"<svg onload='alert(1)'/>", "format_not_supported"),
        (b"\xff\xd8\xff" + b"no jpeg at all" * 99, "truncated"),
        (b"\x89PNG\r\n\x1a\n" + b"no png at all" * 99, "truncated"),
    ],
)
def test_what_is_no_picture_is_named_and_nothing_is_written(resident, clerk, now, sent, reason):
    with pytest.raises(said.PhotoRefused) as refused:
        asked(resident, at=now, pictures=[picture(), sent])
    assert (refused.value.which, refused.value.reason) == (2, reason)
    assert not ServiceRequest.objects.exists()


def test_there_are_four_at_most_and_none_comes_later(resident, clerk, now):
    made = asked(resident, at=now, pictures=[picture(size=(60, 40))] * 4)
    assert ServicePhoto.objects.filter(step__request=made).count() == 4
    one = ServicePhoto.objects.filter(step__request=made).first()
    for number in (4, 5):
        with pytest.raises(DatabaseError), transaction.atomic():
            ServicePhoto.objects.create(
                neighborhood=made.neighborhood, step=one.step, number=number, sealed=one.sealed
            )


def test_a_picture_is_not_larger_than_it_may_be(resident, clerk, now):
    made = asked(resident, at=now)
    with pytest.raises(DatabaseError, match="service_photo_not_too_large"), transaction.atomic():
        ServicePhoto.objects.create(
            neighborhood=made.neighborhood,
            step=made.steps.get(),
            number=1,
            sealed=b"x" * (4 * 1024 * 1024 + 1),
        )


def test_nothing_is_put_into_anybodys_mouth_afterwards(committed, resident, clerk, now):
    made = asked(resident, at=now, words="", place="")
    step = made.steps.get()
    for table, columns, values in (
        ("committees_servicewords", "", ""),
        ("committees_servicephoto", ", id, number", ", gen_random_uuid(), 1"),
    ):
        statement = (
            f"INSERT INTO {table} (step_id, neighborhood_id, sealed{columns})"
            f" VALUES (%s, %s, repeat('x', 40)::bytea{values})"
        )
        with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [step.pk, made.neighborhood_id])
        assert error.value.__cause__.sqlstate == "LM093"


def test_it_opens_with_the_key_of_its_request_alone(resident, clerk, now):
    made = asked(resident, at=now, pictures=[picture()])
    kept = ServicePhoto.objects.get(step__request=made)
    kept.step.request.key = uuid4()
    with pytest.raises(keys.KeyMissing):
        said.picture(kept)
