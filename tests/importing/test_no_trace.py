"""Through the real site and a real worker: no identity number and no placeholder is left in any database, file or log."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from residents.importing import life, sealed
from residents.models import Import, Neighborhood, Resident, User
from tests.cast import PASSWORD
from tests.importing.sheets import community, xlsx
from tests.live import Live
from tests.processes.scanner import Scanner

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NUMBER = "330106199003071239"
PLACEHOLDER = "18999999999"


class Desk:
    """A browser of somebody at the desk, without scripts."""

    def __init__(self, url: str, username: str) -> None:
        self.client = httpx.Client(base_url=url, follow_redirects=True, timeout=60)
        self.post("/sign-in/", username=username, password=PASSWORD)

    def post(self, path: str, *, page: str = "", files: Any = None, **fields: Any) -> httpx.Response:
        shown = self.client.get(page or path).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)
        assert token, shown[:2000]
        return self.client.post(
            path,
            data={"csrfmiddlewaretoken": token[1], **fields},
            files=files,
            headers={"referer": str(self.client.base_url)},
        )


@pytest.mark.obligation("20")
def test_nothing_of_an_identity_number_or_a_placeholder_is_anywhere(
    live: Live, here: Neighborhood, clerk: User
):
    scanner = Scanner(live)
    live.collect_static()
    live.web()
    live.worker()
    headings, rows = community(40)
    for at, row in enumerate(rows):
        row[6] = int(NUMBER[:-1] + "0") if at % 5 == 0 else NUMBER
        row[7] = PLACEHOLDER if at % 2 else row[7]
        row[12] = f"证件号 {NUMBER}，电话 {PLACEHOLDER}"
        if at % 7 == 0:
            row[5] = f"{row[5]} {NUMBER}"  # beside the name
        if at % 11 == 0:
            row[11] = NUMBER  # in the column of cards
    desk = Desk(live.url, clerk.username)
    upload = {"file": ("住户.xlsx", xlsx(rows, headings=headings))}
    shown = desk.post("/desk/import/", files=upload, make_dwellings="on")
    assert shown.url.path.startswith("/desk/import/")
    source = Import.objects.get()
    assert NUMBER not in shown.text
    assert PLACEHOLDER not in shown.text
    done = desk.post(f"/desk/import/{source.pk}/apply/", page=f"/desk/import/{source.pk}/")
    assert done.status_code == 200
    live.wait_until(lambda: Import.objects.get().state == Import.State.APPLIED, timeout=60)
    assert Resident.objects.count() == len(rows)

    # Nor under the seal, where no search of files would find it.
    opened = str([entry.as_json() for entry in sealed.entries(source, list(source.lines.all()))])
    assert rows[1][5].strip()[:1] in opened
    assert not any(word in opened for word in (NUMBER, NUMBER[:-1], PLACEHOLDER))

    # A refused file and a broken one leave as little.
    assert (
        "“"
        in desk.post(
            "/desk/import/",
            files={"file": ("a.csv", f"姓名,房号,姓名,{NUMBER}\n{NUMBER},1-1-101,a,b\n".encode())},
        ).text
    )
    desk.post("/desk/import/", files={"file": ("b.xlsx", b"PK\x03\x04" + NUMBER.encode() * 20)})

    # Of short needles only whole ones are looked for: as text, in hex, and as the digits of a number.
    held = list(scanner._everything())
    for needle in (NUMBER, NUMBER[:-1], PLACEHOLDER):
        for form in (needle.encode(), needle.encode().hex().encode(), needle.encode("utf-16-le")):
            assert [where for where, bytes_ in held if form in bytes_] == []
    names = [bytes_ for where, bytes_ in held if where == "log" and rows[1][5].strip().encode() in bytes_]
    assert names == []

    # And once the import is forgotten, nothing of its lines can be read.
    assert life.forget(imported=source.pk, at=datetime.now(UTC))
    assert desk.client.get(f"/desk/import/{source.pk}/").status_code == 200
