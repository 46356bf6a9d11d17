"""Every address of the site, tried by those who should see nothing of this neighborhood.

Addresses are taken from the resolver and filled with real ids of this neighborhood. A new kind of argument that nobody
taught this test makes it fail, so that no page is left out by being new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

from access.models import (
    Credential,
    EmergencyOpening,
    Enrolment,
    EntryEvent,
    Gate,
    Lockdown,
    MethodChange,
    Pass,
    TapRequest,
    UnknownCard,
)
from committees.models import Handover, Head, KeyCustody, Meeting, NoticeFile, Proxy, ServiceRequest, Sheet
from committees.models import Notice as BodyNotice
from consent.models import Decision, Form, Notice, Paper, Purpose
from residents.models import (
    Approval,
    Departure,
    Emergency,
    ErasureCertificate,
    ErasureOrder,
    ErasurePlace,
    Guardianship,
    Helper,
    Import,
    Letter,
    LetterBatch,
    MoveOut,
    Occupancy,
    Passkey,
    Resident,
    RightsRequest,
    User,
)
from sharing.models import Request
from tests.desk.conftest import Community

ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
# Meant for everybody: which neighborhoods use faces, and why. See tests/screens/test_faces.py.
PUBLIC = {"faces/"}
LEAVING = {"sign-out/", "admin/logout/"}  # would end the session, and the rest be asked by nobody


def addresses() -> Iterator[str]:
    """Each address as it is written down, arguments unfilled."""

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
        for each in patterns:
            written = str(each.pattern)
            if isinstance(each.pattern, RegexPattern):
                written = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", written).strip("^$").replace(".*", "x")
            else:
                assert isinstance(each.pattern, RoutePattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, before + written)
            else:
                yield before + written

    return walk(get_resolver().url_patterns, "")


def model_of(address: str) -> type[Model] | None:
    """Of which model this is a page of the desk."""
    match = re.match(r"admin/(\w+)/(\w+)/", address)
    if match is None or match[1] not in apps.app_configs:
        return None
    return apps.get_model(match[1], match[2])


def filled(address: str, community: Community) -> list[str]:
    """The address for real rows of this neighborhood."""
    known: dict[str, list[Any]] = {
        "purpose": list(Purpose.values),
        "passkey": [community.first(Passkey).pk],
        "enrolment": [community.first(Enrolment).pk],
        "order": [community.first(ErasureOrder).pk],
        "certificate": [row.pk for row in community.rows[ErasureCertificate]],
        "person": [row.pk for row in community.rows[Resident]],
        "gate": [row.pk for row in community.rows[Gate]],
        "event": [row.pk for row in community.rows[EntryEvent]],
        "form": [row.pk for row in community.rows[Form]],
        "decision": [row.pk for row in community.rows[Decision]],
        "approval": [community.first(Approval).pk],
        "emergency": [community.first(Emergency).pk],
        # Rooms of incidents and what is in them: see tests/desk/tasks/test_incidents.py.
        "incident": ["00000000-0000-4000-8000-000000000000"],
        "leak": ["00000000-0000-4000-8000-000000000000"],
        "said": ["00000000-0000-4000-8000-000000000000"],
        "copy": ["00000000-0000-4000-8000-000000000000"],
        "handover": [community.first(Handover).pk],
        "kept": [community.first(KeyCustody).pk],
        "bar": [row.pk for row in community.rows[Guardianship]],
        "made": [row.pk for row in community.rows[RightsRequest]],
        "kind": [*RightsRequest.Kind.values, "repair", "complaint"],
        "child": [row.resident_id for row in community.rows[Approval]],
        "change": [community.first(MethodChange).pk],
        "opening": [community.first(EmergencyOpening).pk],
        "lockdown_id": [community.first(Lockdown).pk],
        "notice": [community.first(Notice).pk],
        "news": [row.pk for row in community.rows[BodyNotice]],
        "asked": [row.pk for row in community.rows[Request]],
        "plan": [community.first(MoveOut).pk],
        "occupancy": [row.pk for row in community.rows[Occupancy]],
        "helper": [community.first(Helper).pk],
        "visit": [row.pk for row in community.rows[Pass]],
        "card": [row.pk for row in community.rows[Credential]],
        "waits": [community.first(TapRequest).pk],
        "mark": [community.first(UnknownCard).pk],
        "wanted": [row.pk for row in community.rows[ServiceRequest]],
        "number": [1],
        "meeting": [community.first(Meeting).pk],
        "head": [row.pk for row in community.rows[Head]],
        "sheet": [community.first(Sheet).pk],
        "proxy": [community.first(Proxy).pk],
        "imported": [community.first(Import).pk],
        "departure": [community.first(Departure).pk],
        "id": [row.pk for row in community.rows[User]],
        "account": [row.pk for row in community.rows[User]],
        "paper": [row.pk for row in community.rows[Paper]],
        "batch": [community.first(LetterBatch).pk],
        "letter": [row.pk for row in community.rows[Letter]],
        "code": ["0000-0000-0000"],
        "token": ["0000-0000-0000"],
        "recall": ["00000000-0000-4000-8000-000000000000"],
        "language": ["en"],
        "year": [2026],
        "duty": ["A1"],
        "level": ["0", "entries"],
        "rest": ["000", "000.p/1"],
        # Of a real one the page is there for everybody: see tests/screens/test_faces.py.
        "neighborhood": ["00000000-0000-4000-8000-000000000000"],
        "app_label": ["residents", "access", "consent", "committees", "sharing"],
        "url": ["residents", "residents/resident"],
    }
    if model := model_of(address):
        known["object_id"] = [row.pk for row in community.rows.get(model, [])][:2] or ["0"]
    if "<content_type_id>" in ARGUMENT.sub(r"<\1>", address):
        return [
            f"/admin/r/{ContentType.objects.get_for_model(model).pk}/{rows[0].pk}/"
            for model, rows in community.rows.items()
        ]
    found = [address]
    for name in ARGUMENT.findall(address):
        assert name in known, f"teach this test what {name!r} is in {address!r}"
        found = [ARGUMENT.sub(str(value), each, count=1) for each in found for value in known[name]]
    return [f"/{each}" for each in found]


def questions(community: Community) -> Iterator[str]:
    """What a curious reader can put into the address of a list, and of the autocompletion."""
    for model, page in admin.site._registry.items():
        rows = community.rows.get(model, [])
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for word in ("柳一", "柳", "101", "0571", *(str(row.pk)[:8] for row in rows[:1])):
            yield f"{base}?q={word}"
        for each in model._meta.get_fields():
            if each.is_relation and not each.concrete:
                yield f"{base}?{each.name}__isnull=False"
                continue
            value = str(getattr(rows[0], getattr(each, "attname", each.name), "")) if rows else "1"
            for lookup in ("", "__startswith", "__isnull", "__gt"):
                yield f"{base}?{each.name}{lookup}={value}"
            if each.is_relation:
                yield f"{base}?{each.name}__id__exact={value}"
                for further in ("name__startswith=柳", "username=r101", "resident__name=柳一"):
                    yield f"{base}?{each.name}__{further}"
                yield (
                    f"/admin/autocomplete/?app_label={model._meta.app_label}"
                    f"&model_name={model._meta.model_name}&field_name={each.name}&term="
                )
        yield from (
            f"{base}?o=1.2.-3",
            f"{base}?all=",
            f"{base}?_facets=True",
            f"{base}?_to_field=phone_index",
        )
        wishes = "&".join(
            f"{each.name}={community.first(each.related_model).pk}"
            for each in model._meta.concrete_fields
            if each.related_model in community.rows
        )
        yield f"{base}add/?{wishes}"
        assert page


def asked(client: Client, community: Community, method: str, address: str, data: Any = None) -> str | None:
    """What leaked, if anything. Words that stood in the question do not count: they are only echoed."""
    before = {name: morsel.value for name, morsel in client.cookies.items()}
    answer = getattr(client, method)(address, data) if data is not None else getattr(client, method)(address)
    # As if nothing else had been asked: a message about the last question would echo its words.
    client.cookies.clear()
    client.cookies.load(before)
    assert answer.status_code != 500, address
    body = b"".join(answer) if answer.streaming else answer.content
    text = body.decode(errors="replace") + "".join(
        f"{name}:{value}\n" for name, value in answer.headers.items()
    )
    sent = f"{address} {data}"
    for word in community.words:
        if word in text and word not in sent:
            return f"{method} {address}: {word}"
    for pk in community.ids():
        if (
            pk not in sent
            and pk[:8] not in sent
            and (pk in text or pk.replace("-", "") in text or pk[:8] in text)
        ):
            return f"{method} {address}: {pk}"
    return None


def forms_of(community: Community, address: str) -> list[dict[str, Any]]:
    """What a hostile reader would post: an action on real rows, and a form that points at real rows."""
    pointing: dict[str, Any] = {
        each.name: str(community.first(each.related_model).pk)
        for model in community.rows
        for each in model._meta.concrete_fields
        if each.related_model in community.rows
    }
    words = {"name": "x", "number": "9988776655", "what_for": "asked", "words": "because", "yes": "yes"}
    model = model_of(address.removeprefix("/"))
    if model is None or not re.fullmatch(r"/admin/\w+/\w+/", address):
        return [{**pointing, **words}]
    chosen = [str(row.pk) for row in community.rows.get(model, [])]
    return [{"action": "delete_selected", "_selected_action": chosen, "post": "yes", "index": "0"}]


WHO = {
    "a stranger without an account": None,
    "staff of another neighborhood with every right there": "busybody",
    "a resident of another neighborhood": "stranger",
    "staff here until their term ended": "former",
}


@pytest.fixture(params=list(WHO.values()), ids=list(WHO))
def nobody(request, community: Community) -> Client:
    client = Client()
    if request.param:
        found = request.getfixturevalue(request.param)
        client.force_login(found.user if isinstance(found, Resident) else found)
    return client


@pytest.mark.obligation("A2", "27", "F5", "F24")
def test_no_address_tells_them_anything(nobody, community):
    everywhere = [
        each
        for address in addresses()
        if address not in LEAVING | PUBLIC
        for each in filled(address, community)
    ]
    leaks = [asked(nobody, community, "get", each) for each in everywhere]
    assert not [leak for leak in leaks if leak]


@pytest.mark.obligation("A2", "27", "F24")
def test_nothing_they_send_tells_or_changes_anything(nobody, community):
    before = community.state()
    everywhere = [
        each for address in addresses() if address not in LEAVING for each in filled(address, community)
    ]
    leaks = [
        asked(nobody, community, "post", each, data)
        for each in everywhere
        for data in forms_of(community, each)
    ]
    assert not [leak for leak in leaks if leak]
    assert community.state() == before


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.obligation("A2", "27")
@pytest.mark.parametrize("who", ["busybody", "former"])
def test_no_question_in_an_address_tells_them_anything(request, community, who):
    client = Client()
    client.force_login(request.getfixturevalue(who))
    leaks = [asked(client, community, "get", each) for each in questions(community)]
    assert not [leak for leak in leaks if leak]


def test_the_scan_finds_what_staff_here_do_see(community, clerk):
    """Otherwise it would find nothing anywhere."""
    client = Client()
    client.force_login(clerk)
    assert asked(client, community, "get", "/admin/access/gate/")
    assert asked(client, community, "get", "/admin/residents/resident/?q=101")
    assert asked(client, community, "get", f"/admin/access/rule/add/?resident={community.first(Resident).pk}")


@pytest.mark.obligation("F24")
def test_a_resident_here_has_no_desk(community, neighbor):
    """Their own things they see; the desk and the neighbors' they do not."""
    client = Client()
    client.force_login(neighbor.user)
    # Whom one lives with one may know of, and ask whether they still do.
    home = neighbor.occupancies.get().unit_id
    their_own = {
        str(row.pk)
        for rows in community.rows.values()
        for row in rows
        if _is_of(row, neighbor) or getattr(row, "unit_id", None) == home or row.pk == home
    }
    # What a body has published is for everybody here; a draft is not.
    their_own |= {str(row.pk) for row in community.rows[BodyNotice] if row.published_at}
    their_own |= {str(row.pk) for row in community.rows[NoticeFile] if row.notice.published_at}
    others = Community(
        community.neighborhood,
        ["柳一", "88000101", "057188000101", "0571 8800 0101", "水管漏了", "0471112222", "还没给看的图"],
        {
            model: [row for row in rows if str(row.pk) not in their_own]
            for model, rows in community.rows.items()
            if model._meta.model_name
            not in (
                "request",
                "neighborhood",
                "form",
                "gate",
                "recipient",
                "building",
                "meeting",
                "topic",
                "urn",
            )
        },
    )
    leaks = []
    for address in addresses():
        for each in filled(address, community):
            leaks.append(asked(client, others, "get", each))
            client.force_login(neighbor.user)
            if address.startswith("admin/"):
                assert client.get(each).status_code in (302, 404)
    assert not [leak for leak in leaks if leak]


def _is_of(row: Any, resident: Resident) -> bool:
    if isinstance(row, ErasurePlace):
        return row.order.resident_id == resident.pk
    return row in (resident, resident.user) or getattr(row, "resident_id", None) == resident.pk
