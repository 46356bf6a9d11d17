"""What a recipient does with it: decrypts with the stock tool, opens it in a spreadsheet. And memory stays where it is."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tracemalloc
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.db import connection

from residents import contact
from residents.models import Resident, User
from sharing import answering, copying, disclosing, requesting
from sharing.models import Copy, Piece, Sheet
from tests import make
from tests.crowd import crowd
from tests.sharing import receiving

AGE = shutil.which("age")


@pytest.mark.obligation("28", "F11")
@pytest.mark.skipif(AGE is None, reason="the age command is not installed here")
def test_the_stock_tool_opens_what_was_handed_over(resident, says, give, tmp_path: Path):
    says(resident, True)
    copy = give()
    key = tmp_path / "id_ed25519"
    key.write_bytes(receiving.PRIVATE[copy.key.public])
    key.chmod(0o600)
    for kind in Piece.Format:
        (tmp_path / f"given.{kind}.age").write_bytes(b"".join(copying.pieces(copy=copy, format=kind)))
        subprocess.run(
            [str(AGE), "-d", "-i", str(key), "-o", f"given.{kind}", f"given.{kind}.age"],
            cwd=tmp_path, check=True, timeout=60,
        )  # fmt: skip
    assert (tmp_path / "given.csv").read_bytes() == receiving.opened(copy)
    assert (tmp_path / "given.json").read_bytes() == receiving.opened(copy, "json")
    assert (tmp_path / "given.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.obligation("28")
def test_a_spreadsheet_keeps_every_cell_as_text(asked_for_phones, tmp_path: Path):
    rows = list(csv.reader(io.StringIO(receiving.opened(asked_for_phones).decode("utf-8-sig"))))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "given.xlsx")
    cells = list(openpyxl.load_workbook(tmp_path / "given.xlsx").active.iter_rows(values_only=True))
    assert cells[receiving.NOTES][:2] == ("柳一", "0571 8800 0199")
    kinds = {cell.data_type for row in openpyxl.load_workbook(tmp_path / "given.xlsx").active for cell in row}
    assert kinds <= {"s", "n"}  # n: a cell with nothing in it
    assert "f" not in kinds


@pytest.fixture
def asked_for_phones(resident, recipient, clerk, chair, now) -> Copy:
    contact.set_phone(resident, "057188000199")
    resident.save()
    drafted = requesting.draft(
        kind="delivery",
        recipient=recipient, purpose="水", purpose_en="Water", fields=["name", "phone"], retention_days=30,
        deadline=now + timedelta(days=7), by=clerk, at=now,
    )  # fmt: skip
    asked = requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)
    answering.answer(request=asked, resident=resident, fields=asked.fields, actor=resident.user, at=now)
    return receiving.handed(disclosing.release(request=asked, by=chair, at=asked.deadline), at=asked.deadline)


@pytest.mark.slow
@pytest.mark.obligation("28")
def test_memory_does_not_grow_with_the_number_of_rows(here, asked, chair, released, now, afterwards):
    """Ten thousand rows make more than two pieces of each file, and fewer bytes than these are ever held."""
    people = crowd(here, buildings=20, dwellings=250, at=now)
    User.objects.bulk_create(User(username=f"crowd-{number}") for number in range(len(people)))
    users = dict(User.objects.filter(username__startswith="crowd-").values_list("username", "pk"))
    for number, who in enumerate(people):
        who.user_id = users[f"crowd-{number}"]
    Resident.objects.bulk_update(people, ["user"], batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_answer (neighborhood_id, request_id, resident_id, yes, fields, actor_id)"
            " SELECT r.neighborhood_id, %s, r.id, true, %s, r.user_id FROM residents_resident r"
            " WHERE r.neighborhood_id = %s AND r.user_id IS NOT NULL",
            [asked.pk, '["name", "dwelling"]', here.pk],
        )
    copy = copying.settle(disclosure=released().pk, at=afterwards)
    assert copy.rows_settled == len(people) == 10_000
    tracemalloc.start()
    made = copying.write(copy=copy.pk, at=afterwards)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.state == Copy.State.READY
    assert Sheet.objects.filter(copy=copy).count() == 10
    assert len(receiving.parsed(Copy.objects.select_related("key").get(pk=copy.pk))["rows"]) == 10_000
    assert peak < 12 * 1024 * 1024
