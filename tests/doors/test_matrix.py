"""Who sees what: the page, the document, and each cell of it at the doors."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver

from committees.models import Committee, Term
from committees.roles import ROLE_PERMISSIONS
from portal import matrix
from portal.matrix import How, Kind
from sharing.models import ALLOWED, ORDER, Field
from sharing.models import Kind as Purpose
from tests.desk.test_strangers import addresses
from tests.doors.declared import DOORS
from tests.doors.walking import allowed

pytestmark = pytest.mark.obligation("27", "16", "F24")


def offices() -> list[matrix.Reader]:
    return matrix.staff()


def walkers() -> list[matrix.Reader]:
    """Everybody but a gate, which has no page: what it is sent stands in [api]."""
    return [reader for reader in matrix.readers() if reader.key != "gate"]


def test_the_document_is_what_the_code_says():
    assert matrix.DOCUMENT.read_text(encoding="utf-8") == matrix.document(), (
        "run: manage.py who_sees_what --write"
    )


def test_every_kind_and_every_office_is_in_it():
    assert set(Kind.values) == set(DOORS["kinds"])
    assert {reader.key for reader in offices()} == {f"{kind}.{role}" for kind, role in ROLE_PERMISSIONS}
    assert all([cell.kind for cell in reader.cells] == list(Kind) for reader in matrix.readers())


@pytest.mark.parametrize("reader", walkers(), ids=lambda reader: reader.key)
def test_it_says_what_the_walk_sees(reader):
    """Each cell that says never is a kind that no door shows them, and each that says otherwise has a door that does."""
    seen = {kind for (_where, kind), who in allowed().items() if reader.key in who}
    # What a yes or a law gives leaves in a file that nobody here can open: see tests/sharing/test_exactly.py.
    outside = {How.YES, How.LAW} if reader.key == "recipient" else {How.YES}
    said = {str(way.kind) for cell in reader.seen for way in cell.ways if way.how not in outside}
    assert said - seen == set(), "the page says that they see it, and no row of docs/doors.toml, [seen] does"
    assert seen - said == set(), (
        "docs/doors.toml, [seen] says that they see it, and portal/matrix.py, WAYS has no way: add one, with its door"
    )


def routes(way: matrix.Way) -> set[str]:
    """Where it is seen, as docs/doors.toml writes it."""
    if "." in way.door:
        app, model = way.door.lower().split(".")
        return {each for each in addresses() if each.startswith(f"admin/{app}/{model}/")}
    return desk_routes(way.shown or way.door)


def desk_routes(name: str) -> set[str]:
    """As it is written in `urls.py`, by the name of the address."""
    [(written, _arguments)], *_rest = get_resolver().reverse_dict.getlist(name)[0]
    shape = re.sub(r"%\(\w+\)s", "<>", written)
    return {each for each in addresses() if re.sub(r"<[^>]+>", "<>", each) == shape}


@pytest.mark.parametrize("way", matrix.WAYS, ids=lambda way: f"{way.kind} {way.how} {way.door}")
@pytest.mark.parametrize("reader", offices(), ids=lambda reader: reader.key)
def test_each_office_sees_each_kind_for_each_purpose_where_it_may_and_nowhere_else(way, reader):
    """Cell by cell: the rows of [seen] are what the walk (test_walk.py) sees at that very door, no more and no less."""
    kind, role = reader.key.split(".")
    may = matrix.is_open(way.door, ROLE_PERMISSIONS[Committee.Kind(kind), Term.Role(role)], reader.key)
    sees = any(reader.key in allowed().get((where, str(way.kind)), ()) for where in routes(way))
    assert sees == may


def test_another_neighborhood_sees_nothing_at_any_door():
    nobody = {"staff elsewhere", "anybody", "other resident"}
    assert not {who for each in allowed().values() for who in each} & nobody


def test_a_recipient_is_given_what_the_law_of_its_kind_allows_and_no_more():
    [reader] = [each for each in matrix.others() if each.key == "recipient"]
    told = {(str(way.what_for), way.kind) for cell in reader.cells for way in cell.ways if way.how == How.YES}
    law = {(kind.label, matrix.FIELDS[Field(field)]) for kind in Purpose for field in ALLOWED[kind]}
    assert told == {(str(label), kind) for label, kind in law}
    ordered = {way.kind for cell in reader.cells for way in cell.ways if way.how == How.LAW}
    assert ordered == {matrix.FIELDS[Field(field)] for field in ALLOWED[ORDER]}


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_all_of_it_to_anybody(language, settings):
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get("/who-sees-what/").content.decode()
    for reader in matrix.readers():
        assert f'id="{reader.anchor}"' in page
    assert page.count("<section") == len(matrix.readers())
