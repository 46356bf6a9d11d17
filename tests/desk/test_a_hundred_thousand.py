"""The full lists where a hundred thousand people live: as many queries as with ten, and no large table is read from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access import gates
from residents.desk_lists import MOST, BoundedPaginator
from residents.models import Building, Occupancy, Resident, Unit
from tests import make
from tests.desk import crowded
from tests.desk.crowded import LARGE

LISTS = {
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/": page
    for model, page in admin.site._registry.items()
}
OTHERS = ("/desk/audit/looks/", "/desk/audit/rights/", "/desk/audit/deletions/", "/desk/service/")
WHO = ("clerk", "auditor", "superuser")


@pytest.fixture
def crowd(committed, here, clerk, auditor, superuser, now) -> Callable[[int], Resident]:
    building = Building.objects.create(neighborhood=here, name="7")
    gate = gates.put_up(neighborhood=here, name="南门", name_en="South Gate", at=now)
    known: dict[str, Any] = {
        "here": here.pk,
        "building": building.pk,
        "gate": gate.pk,
        "device": make.device(gate).device.pk,
        "by": clerk.pk,
        "of_residents": ContentType.objects.get_for_model(Resident).pk,
    }

    def filled(people: int) -> Resident:
        crowded.fill(people, **known)
        return Resident.objects.filter(name="柳6").get()

    return filled


def signed_in(user: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def asked_for(address: str, somebody: Resident) -> Iterator[str]:
    """The list as it is, with each of its filters, and with a search."""
    yield address
    page: Any = LISTS.get(address)
    if page is None:
        return
    for each in page.list_filter:
        if isinstance(each, type):
            for value in ("opened", "refused", "would_open"):
                yield f"{address}?{each.parameter_name}={value}"
            continue
        name = each[0] if isinstance(each, tuple) else each
        field = page.model._meta.get_field(name)
        if field.is_relation:
            value = field.related_model._default_manager.values_list("pk", flat=True).first()
            yield f"{address}?{name}__id__exact={value}"
        else:
            value = field.choices[0][0] if field.choices else "1"
            yield f"{address}?{name}__exact={value}"
    if page.search_fields:
        for term in (str(somebody.pk)[:8], "X6", "u6"):
            yield f"{address}?q={term}"
    yield f"{address}?p=2"


def queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200, address
    return [each["sql"] for each in seen.captured_queries]


def new(asked: list[str], known: set[str]) -> list[str]:
    """Without those that were asked before, of another row perhaps: a plan is made once for each."""
    shapes = {re.sub(r"'[0-9a-f-]{32,36}'", "''", sql): sql for sql in asked}
    found = [sql for shape, sql in shapes.items() if shape not in known]
    known.update(shapes)
    return found


def read_through(sql: str) -> set[str]:
    """The large tables that this query reads from end to end, by the plan that the database makes for it."""
    if not sql.startswith("SELECT") or not any(table in sql for table in LARGE):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}")
        [plan] = cursor.fetchone()
    found: set[str] = set()

    def walk(node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
            found.add(node["Relation Name"])
        for each in node.get("Plans", ()):
            walk(each)

    walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.obligation("23")
def test_every_list_filter_and_search_is_answered_by_an_index(request, crowd):
    somebody = crowd(100_000)
    wrong: list[str] = []
    known: set[str] = set()
    tried = 0
    for who in WHO:
        client = signed_in(request.getfixturevalue(who))
        for base in (*LISTS, *OTHERS):
            if client.get(base).status_code != 200:
                continue
            for address in asked_for(base, somebody):
                tried += 1
                wrong += [
                    f"{who} at {address} reads {table}: {re.sub(chr(10), ' ', sql)[:600]}"
                    for sql in new(queries(client, address), known)
                    for table in read_through(sql)
                ]
    assert tried > 120
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_would_be_noticed(crowd):
    """A query that no index answers is one that this test finds."""
    crowd(20_000)
    assert read_through('SELECT * FROM "residents_resident" WHERE "name" LIKE \'%x%\'') == {
        "residents_resident"
    }
    assert not read_through(
        f"SELECT * FROM \"residents_resident\" WHERE id = '{Resident.objects.first().pk}'"
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("who", WHO)
def test_each_costs_as_many_queries_at_ten_as_at_a_thousand(request, crowd, who):
    client = signed_in(request.getfixturevalue(who))
    somebody = crowd(10)

    def counted() -> dict[str, int]:
        return {
            address: len(queries(client, address))
            for base in LISTS
            if client.get(base).status_code == 200
            for address in asked_for(base, somebody)
            if "?p=" not in address
        }

    few = counted()
    assert few
    crowded_more(request)
    many = counted()
    # What was empty shows its first rows now, each page with what belongs to them.
    more = {address: (few[address], many[address]) for address in few if many[address] > few[address]}
    assert not more


def crowded_more(request: pytest.FixtureRequest) -> None:
    from access.models import Device, Gate

    gate = Gate.objects.get()
    crowded.fill(
        1000,
        first=1000,
        here=gate.neighborhood_id,
        building=Building.objects.get(name="7").pk,
        gate=gate.pk,
        device=Device.objects.get().pk,
        by=request.getfixturevalue("clerk").pk,
        of_residents=ContentType.objects.get_for_model(Resident).pk,
    )


@pytest.mark.django_db
class TestABoundedList:
    def test_it_counts_no_further_than_a_thousand(self, here, now):
        building = Building.objects.create(neighborhood=here, name="9")
        Unit.objects.bulk_create(
            Unit(neighborhood=here, building=building, number=str(n)) for n in range(MOST + 5)
        )
        found = BoundedPaginator(Unit.objects.order_by("number"), 50)
        assert (found.count, found.is_capped, found.num_pages) == (MOST, True, 20)
        few = BoundedPaginator(Unit.objects.filter(number="7"), 50)
        assert (few.count, few.is_capped) == (1, False)

    def test_the_page_says_that_there_are_more(self, desk, superuser, here, now):
        building = Building.objects.create(neighborhood=here, name="9")
        Unit.objects.bulk_create(
            Unit(neighborhood=here, building=building, number=str(n)) for n in range(MOST + 5)
        )
        page = desk(superuser).get("/admin/residents/unit/").content.decode()
        assert "There are more, which are not counted" in page
        assert "There are more" not in desk(superuser).get("/admin/residents/unit/?q=77").content.decode()

    @pytest.mark.parametrize("term", ["{pk}", " {PK} ", "101", "１０１"])
    def test_somebody_is_found_by_number_and_by_dwelling(self, desk, clerk, resident, neighbor, term):
        asked = term.format(pk=str(resident.pk)[:8], PK=str(resident.pk)[:8].upper())
        page = desk(clerk).get("/admin/residents/resident/", {"q": asked}).content.decode()
        assert str(resident.pk) in page
        assert str(neighbor.pk) not in page

    @pytest.mark.obligation("A2", "27")
    def test_a_dwelling_elsewhere_finds_nobody(self, desk, clerk, stranger):
        page = desk(clerk).get("/admin/residents/resident/", {"q": "901"}).content.decode()
        assert str(stranger.pk) not in page
        assert Occupancy.objects.filter(unit__number="901").exists()

    def test_no_list_deletes_or_does_things_to_many_at_once(self, rf, superuser):
        """What is done is done on a row's own page, by an act that the rules know."""
        request = rf.get("/")
        request.user = superuser
        for model, page in admin.site._registry.items():
            assert not page.get_actions(request), model
            assert not page.has_delete_permission(request), model
            assert not getattr(page, "list_editable", ()), model
