"""Who sees what: the page, the document, and each cell of it at the doors."""

from __future__ import annotations

import pytest
from django.test import Client

from committees.roles import ROLE_PERMISSIONS
from portal import matrix
from portal.matrix import How, Kind
from tests.doors.declared import DOORS
from tests.doors.walking import allowed

pytestmark = pytest.mark.obligation("27", "16", "F24")


def offices() -> list[matrix.Reader]:
    return matrix.staff()


def test_the_document_is_what_the_code_says():
    assert matrix.DOCUMENT.read_text(encoding="utf-8") == matrix.document(), (
        "run: manage.py who_sees_what --write"
    )


def test_every_kind_and_every_office_is_in_it():
    assert set(Kind.values) == set(DOORS["kinds"])
    assert {reader.key for reader in offices()} == {f"{kind}.{role}" for kind, role in ROLE_PERMISSIONS}
    assert all([cell.kind for cell in reader.cells] == list(Kind) for reader in matrix.readers())


@pytest.mark.parametrize("reader", offices(), ids=lambda reader: reader.key)
def test_it_says_what_the_walk_sees(reader):
    """Each cell that says never is a kind that no door shows them, and each that says otherwise has a door that does."""
    seen = {kind for (_where, kind), who in allowed().items() if reader.key in who}
    said = {str(cell.kind) for cell in reader.seen if cell.how != How.PRINTED}
    assert said - seen == set(), "the page says that they see it, and no row of docs/doors.toml, [seen] does"
    assert seen - said == set(), (
        "docs/doors.toml, [seen] says that they see it, and portal/matrix.py, WAYS has no way: add one, with its door"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_all_of_it_to_anybody(language, settings):
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get("/who-sees-what/").content.decode()
    for reader in matrix.readers():
        assert f'id="{reader.anchor}"' in page
    assert page.count("<section") == len(matrix.readers())
