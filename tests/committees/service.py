"""What the tests of requests to a body have in common: somebody who asks, a picture with a place in it, days that pass."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection, connections
from PIL import Image

from committees import service
from committees.models import Committee, ServiceRequest, Term
from committees.models.service import Kind
from portal import roles
from residents.models import Neighborhood, Resident, User
from tests.cast import staff

Body = Committee.Kind
WHERE = "31.230416N"  # stands in a photo that knows where it was taken

# The owner of the tables is the only one who could move what the database's clock wrote.
PASS = """
CREATE OR REPLACE FUNCTION test_service_days_pass(request uuid, days interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE committees_servicerequest DISABLE TRIGGER committees_servicerequest_lawful;
    UPDATE committees_servicerequest SET opened_at = opened_at - $2, reply_due_at = reply_due_at - $2,
        done_due_at = done_due_at - $2, replied_at = replied_at - $2, ended_at = ended_at - $2 WHERE id = $1;
    ALTER TABLE committees_servicerequest ENABLE ALWAYS TRIGGER committees_servicerequest_lawful;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_service_days_pass(uuid, interval) TO linmen_app;
CREATE OR REPLACE FUNCTION test_service_step_at(request uuid, which integer, moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE committees_servicestep DISABLE TRIGGER USER;
    UPDATE committees_servicestep SET at = moment WHERE request_id = $1 AND number = which;
    ALTER TABLE committees_servicestep ENABLE TRIGGER USER;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_service_step_at(uuid, integer, timestamptz) TO linmen_app;
"""


def days_pass(request: ServiceRequest, days: timedelta) -> ServiceRequest:
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        known = owner.execute("SELECT to_regprocedure('test_service_days_pass(uuid, interval)')").fetchone()
        if known == (None,):
            owner.execute(PASS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_service_days_pass(%s, %s)", [request.pk, days])
    return fresh(request)


def step_was_at(request: ServiceRequest, number: int, moment: datetime) -> None:
    """After `days_pass`, which has the owner write."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_service_step_at(%s, %s, %s)", [request.pk, number, moment])


def fresh(request: ServiceRequest) -> ServiceRequest:
    return ServiceRequest.objects.select_related("neighborhood", "resident").get(pk=request.pk)


def answers(neighborhood: Neighborhood, kind: Committee.Kind, *, at: datetime) -> User:
    """A clerk of that body."""
    return staff(neighborhood, username=f"of-{kind}", kind=kind, role=Term.Role.CLERK, at=at)


def asked(resident: Resident, *, at: datetime, **also: Any) -> ServiceRequest:
    """Of the property company, that a lamp is mended, unless told otherwise. Somebody must be in office there."""
    said: dict[str, Any] = {
        "kind": Kind.REPAIR,
        "body": Body.PROPERTY,
        "unit": None,
        "place": "二楼楼道",
        "words": "楼道灯不亮了",
        "pictures": [],
        "token": uuid4(),
        "by": resident.user,
    }
    return service.open_(resident=resident, at=at, **said | also)


def done(request: ServiceRequest, by: User, *, at: datetime, status: str = "done") -> ServiceRequest:
    seen = request.steps.count()
    service.answer(request=request, status=status, words="换好了", seen=seen, token=uuid4(), by=by, at=at)
    return fresh(request)


def picture(*, size: tuple[int, int] = (600, 400), kind: str = "JPEG") -> bytes:
    """A photo as a phone writes it, with the place in it."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = WHERE  # a description
    exif[0x0110] = "Phone of 柳一"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (31.0, 13.0, 49.0)
    Image.effect_noise(size, 60).convert("RGB").save(out, format=kind, exif=exif)
    return out.getvalue()
