"""What the tests of notices have in common: a draft, and times that only the owner of the tables can move."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection, connections

from committees import attaching, publishing
from committees.models import Committee, Notice, NoticeFile
from portal import roles
from residents.models import Neighborhood, User

MOVE = """
CREATE OR REPLACE FUNCTION test_notice_happened(notice uuid, col text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE committees_notice DISABLE TRIGGER committees_notice_stays;
    ALTER TABLE committees_notice DISABLE TRIGGER committees_notice_is_its_bodys;
    ALTER TABLE committees_notice DISABLE TRIGGER committees_notice_scheduled;
    EXECUTE format('UPDATE committees_notice SET %I = $1 WHERE id = $2', col) USING at, notice;
    ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_scheduled;
    ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_is_its_bodys;
    ALTER TABLE committees_notice ENABLE ALWAYS TRIGGER committees_notice_stays;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_notice_happened(uuid, text, timestamptz) TO linmen_app;
"""


def happened_at(notice: Notice, field: str, at: datetime) -> None:
    """As if it had been published, or taken down, or was to be published, then."""
    to = connections["default"].settings_dict
    with psycopg.connect(
        host=to["HOST"], port=to["PORT"], dbname=to["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        known = "SELECT to_regprocedure('test_notice_happened(uuid, text, timestamptz)')"
        if owner.execute(known).fetchone() == (None,):
            owner.execute(MOVE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_notice_happened(%s, %s, %s)", [notice.pk, field, at])


def draft(here: Neighborhood, by: User, *, at: datetime, **said: Any) -> Notice:
    body = said.pop("committee", None) or Committee.objects.get(neighborhood=here, terms__user=by)
    words = {"title": "停水通知", "text": "明天上午停水两小时。", **said}
    return Notice.objects.create(neighborhood=here, committee=body, written_by=by, written_at=at, **words)


def published(here: Neighborhood, by: User, *, at: datetime, **said: Any) -> Notice:
    return publishing.publish(notice=draft(here, by, at=at, **said), by=by, at=at)


PDF = (
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\n"
    b"endobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\nMORE\n"
    b"trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
)


def pdf(more: bytes = b"") -> bytes:
    """The least that is one, with something in it."""
    return PDF.replace(b"MORE", more)


def attached(notice: Notice, by: User, *, at: datetime, **also: Any) -> NoticeFile:
    """A PDF, unless told otherwise."""
    said = {"content": pdf(), "title": "收支表", **also}
    return attaching.attach(notice=notice, by=by, at=at, **said)


def bare_file(notice: Notice, by: User, *, at: datetime) -> NoticeFile:
    """As a row, past all that is asked before; whoever added it needs no more than a term."""
    return NoticeFile.objects.create(
        neighborhood_id=notice.neighborhood_id,
        notice=notice,
        number=1,
        format="pdf",
        title="收支表",
        content=pdf(),
        hash=hashlib.sha256(pdf()).digest(),
        added_by=by,
        added_at=at,
    )
