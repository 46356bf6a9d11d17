"""Everything about one person in one file, which verifies where nothing of ours is."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from consent.models import Form, Purpose
from ledger.models import Entry
from portal.screens.checking import look
from residents.lookups import look_up
from residents.models import Resident, User
from sharing import answering, disclosing
from sharing.models import Request
from tests.enrolling import agree
from tests.receipts.checking import outside
from tests.receipts.conftest import sequenced
from tests.screens.entering import opens
from tests.sharing import leaking, receiving


@pytest.fixture
def lived(
    resident: Resident, forms: dict[Purpose, Form], question: Request, clerk: User, chair: User, now: datetime
) -> None:
    """Two decisions, a look-up and a disclosure, all in the log."""
    assert resident.user is not None
    agree(resident, forms, Purpose.FACE_AT_GATE, Purpose.TEMPLATE_ON_SERVER, at=now)
    look_up(resident=resident, by=clerk, reason="水管 <leak>", capacity="property.clerk", at=now)
    answering.answer(request=question, resident=resident, fields=question.fields, actor=resident.user, at=now)
    later = now + timedelta(days=8)
    receiving.key(question.recipient, by=chair)
    receiving.handed(disclosing.release(request=question, by=chair, at=later), at=later)
    leaking.told(resident.neighborhood, by=chair)
    sequenced()


def taken(client: Client) -> zipfile.ZipFile:
    answer = opens(client).get("/record/proof/")
    assert answer["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


@pytest.mark.obligation("A6", "35")
def test_it_verifies_in_one_command_where_nothing_of_ours_is(lived, me: Client, tmp_path: Path):
    taken(me).extractall(tmp_path)
    code, said = outside(tmp_path, "everything", ".")
    assert code == 0, said
    assert "All of it holds." in said
    for shown in (
        "reason: 水管 <leak>",
        "capacity: property.clerk",
        "who: Lifts Ltd",
        "purpose: 电梯检修通知",
        f"words: {leaking.WORDS['categories']}",
    ):
        assert f"so it was written down: {shown}" in said, shown
    command = re.search(
        r"python (verify\.py everything \. --key \"(.+)\")", (tmp_path / "README.txt").read_text()
    )
    assert command is not None
    assert "您的证明" in (tmp_path / "README.txt").read_text()


@pytest.mark.obligation("A6")
def test_the_zip_verifies_as_it_is(lived, me: Client, tmp_path: Path):
    (tmp_path / "all.zip").write_bytes(opens(me).get("/record/proof/").content)
    assert outside(tmp_path, "everything", "all.zip")[0] == 0
    code, said = outside(tmp_path, "everything", "all.zip", language="zh")
    assert (code, "全部属实" in said) == (0, True)


@pytest.mark.obligation("A6")
def test_it_holds_everything_that_the_record_page_shows(lived, me: Client, resident: Resident):
    files = taken(me)
    names = files.namelist()
    assert sum(name.startswith("receipts/") for name in names) == 2
    accounts = [json.loads(files.read(name)) for name in names if name.startswith("entries/")]
    assert len(accounts) + 2 == Entry.objects.filter(subject=resident.pk).count() + 1  # the sheet
    kinds = [each["proof"]["entry"]["kind"] for each in accounts]
    assert {"look_up", "disclosed.sheet", "sharing.answered"} <= set(kinds)
    assert {"verify.py", "README.txt", "checkpoint.txt", "receipt-1.jsonld"} <= set(names)


@pytest.mark.obligation("A6")
@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [("leak.told", "words", "另一回事"), ("look_up", "reason", "Another reason"), ("look_up", "capacity", "owners.chair"), ("disclosed.sheet", "who", "Nobody"),
     ("disclosed.sheet", "purpose", "别的"), ("disclosed.sheet", "purpose_en", "Other")],
)  # fmt: skip
def test_another_account_of_what_happened_is_said_to_be_false(
    lived, me: Client, tmp_path: Path, name: str, said: str, meant: object
):
    taken(me).extractall(tmp_path)
    (file,) = (tmp_path / "entries").glob(f"*-{name}.json")
    account = json.loads(file.read_text())
    account["shown"][said] = meant
    file.write_text(json.dumps(account))
    assert look(file.read_bytes(), "en")[0] == "false"
    code, words = outside(tmp_path, "everything", ".")
    assert code == 1
    assert "What was shown is not what was written down" in words


def test_it_is_the_persons_own(lived, me: Client, them: Client, anybody: Client):
    assert anybody.get("/record/proof/")["Location"] == "/sign-in/?next=/record/proof/"
    assert not [name for name in taken(them).namelist() if name.startswith("receipts/")]
    assert "水管" not in "".join(str(taken(them).read(name)) for name in taken(them).namelist())


@pytest.mark.obligation("33")
def test_a_phone_that_is_signed_in_is_not_enough(lived, me: Client):
    answer = me.get("/record/proof/")
    assert answer["Location"] == "/record/again/?next=%2Frecord%2F"
    assert taken(me).namelist()


def test_the_number_of_queries_does_not_grow(
    lived, me: Client, resident: Resident, clerk: User, now: datetime, django_assert_max_num_queries
):
    opens(me)
    with django_assert_max_num_queries(50) as first:
        me.get("/record/proof/")
    for _ in range(20):
        look_up(resident=resident, by=clerk, reason="leak", capacity="property.clerk", at=now)
    sequenced()
    with django_assert_max_num_queries(len(first.captured_queries) + 4):
        me.get("/record/proof/")
