"""Every door, tried by everybody: each address by each method, each form of each page, filled badly and well enough."""

from __future__ import annotations

import base64
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode, urljoin, urlsplit

from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCacheClient
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import resolve
from django.utils.module_loading import import_string

from committees.models import Head, ServiceRequest
from portal.screens import again
from residents.models import Neighborhood, User
from tests.desk.conftest import Community
from tests.desk.test_strangers import LEAVING, addresses, filled, model_of
from tests.doors.declared import DOORS, personal
from tests.doors.marked import NAME, PHONE, Marked
from tests.screens import markup
from tests.screens.test_every_form import Form, forms_of

Seen = dict[tuple[str, str], set[str]]  # (where, kind) -> who
OWN: dict[str, list[str]] = DOORS["own"]
# At each of these is asked, beside the page itself, what its list can be asked.
ASKED_OF_LISTS = ("q={name}", "q={phone}", "q=101", "o=1.2.-3", "all=", "_to_field=phone_index", "e=1")
TIMES = {"Date", "Expires", "Last-Modified"}  # of the answer itself
NONE = "00000000-0000-4000-8000-000000000000"  # as tests.desk.test_strangers fills in what it has none of
TYPED = 'x<b>"&'


@dataclass
class Walk:
    marked: Marked
    seen: Seen = field(default_factory=lambda: defaultdict(set))
    shown: dict[tuple[str, str, str], str] = field(
        default_factory=dict
    )  # (where, kind, who) -> a field and an address
    tried: int = 0
    sent: set[tuple[str, ...]] = field(
        default_factory=set
    )  # forms that stand on many pages are sent once by each
    own: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )  # who -> kinds of what is theirs too
    opened: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )  # who -> addresses that answered
    broken: list[str] = field(default_factory=list)  # what made a page fall over

    def everything(self, who: str, user: User | None, *, all_of_it: bool = False) -> None:
        """What is for people like them: residents have no desk (tests/desk/test_strangers.py tries each of its pages), and
        to who lives nowhere here every page of a resident is the same one, which `all_of_it` sees to once. Then lists are
        asked what may be put into their address, too."""
        slim = _slim(self.marked)
        client = client_of(user)
        works = bool(user and user.is_staff)
        for address in _autocompletions() if works else ():
            self.ask(client, who, "admin/autocomplete/", "get", address)
        for pattern in addresses():
            for_staff = pattern.startswith(("desk/", "admin/"))
            if pattern not in LEAVING and (all_of_it or for_staff == works):
                for address in self._few(filled(pattern, slim)):
                    self._page(client, who, pattern, address, all_of_it)

    def _few(self, found: list[str]) -> list[str]:
        """Of an address with many values (purposes, rooms) the first two and the last. What an organization is led to by a
        link, or asked to delete, is what was made for it; an incident is the one that has a room."""
        few = found if len(found) < 4 else [*found[:2], found[-1]]
        assert self.marked.recall
        assert self.marked.notice
        there = {
            "/files/0000-0000-0000/": f"/files/{self.marked.link}/",
            f"/recalls/{NONE}/": f"/recalls/{self.marked.recall.pk}/",
            f"/incidents/{NONE}/": f"/incidents/{self.marked.notice.leak_id}/",
            f"/incidents/notices/{NONE}/": f"/incidents/notices/{self.marked.notice.pk}/",
            f"/copies/{NONE}/": f"/copies/{self.marked.recall.copy_id}/",
        }
        for nobody, real in there.items():
            few = [each.replace(nobody, real) for each in few]
        return few

    def _page(self, client: Client, who: str, pattern: str, address: str, curious: bool) -> None:
        answer = self.ask(client, who, pattern, "get", address)
        if answer is None:
            return
        if answer.status_code == 405:
            self.ask(client, who, pattern, "post", address, self._pointing())
            return
        if answer.status_code != 200:
            return
        self.opened[who].add(pattern)
        if curious and re.fullmatch(r"admin/\w+/\w+/", pattern) and model_of(pattern):
            for each in self._questions(model_of(pattern)):
                self.ask(client, who, pattern, "get", f"{address}?{each}")
        if not answer.streaming and answer.headers.get("Content-Type", "").startswith("text/html"):
            text = answer.content.decode(errors="replace")
            offered = offered_by(text)
            for form in forms_of(pattern, address, text):
                known = (who, form.action, *form.typed, *sorted(form.chosen))
                if known not in self.sent and form.action.strip("/") + "/" not in LEAVING:
                    self.sent.add(known)
                    self._form(client, who, address, form, offered)

    def _form(self, client: Client, who: str, address: str, form: Form, offered: dict[str, str]) -> None:
        """Sent empty, and well enough filled that the act is done where it may be."""
        action = form.action if form.action.startswith("/") else address
        chosen = {name: offered.get(name) or values[-1] for name, values in form.chosen.items()}
        typed = {name: offered.get(name, TYPED) for name in (*form.typed, *form.secret)}
        where = resolve(urlsplit(action).path).route
        for filled_in in (dict.fromkeys(typed, ""), {**chosen, **typed}):
            self.ask(client, who, where, "post", action, {**form.carried, **filled_in})

    def _questions(self, model: type[Model] | None) -> Iterator[str]:
        known = {"name": self.marked.person.name, "phone": "61415926"}
        yield from (each.format(**known) for each in ASKED_OF_LISTS)
        assert model is not None
        for each in model._meta.concrete_fields:
            if (model._meta.label, each.name) in personal():
                yield f"{each.name}__startswith=x"

    def _pointing(self) -> dict[str, Any]:
        rows = self.marked.community.rows
        pointing = {
            each.name: str(rows[each.related_model][0].pk)
            for model in rows
            for each in model._meta.concrete_fields
            if each.related_model in rows
        }
        return {**pointing, "name": TYPED, "number": "9988776655", "words": TYPED, "yes": "yes"}

    def ask(self, client: Client, who: str, where: str, method: str, address: str, data: Any = None) -> Any:
        """What comes of it is looked at, and nothing of it stays."""
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self.tried += 1
        cache.clear()
        there = address
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # acts that must be the outermost are, but for this
        with around:
            if method == "post":
                there, answer = _followed(client, address, client.post(address, data or {}))
                transaction.set_rollback(True)
            else:
                answer = client.get(address)
        client.cookies.clear()
        client.cookies.load(cookies)
        if answer.status_code == 500:
            self.broken.append(f"{method} {address} as {who}: {answer.exc_info[1]!r}")
        if there != address:
            where = resolve(urlsplit(there).path).route
        self.look(who, where, text_of(answer), sent=f"{address} {data}")
        return answer

    def look(self, who: str, where: str, text: str, *, sent: str = "") -> None:
        for mark in self.marked.marks:
            if mark.is_in(text) and not mark.is_in(sent):
                if mark.kind in OWN.get(who, ()):
                    self.own[who].add(mark.kind)
                    continue
                self.seen[where, mark.kind].add(who)
                self.shown.setdefault((where, mark.kind, who), f"{mark.field} at {sent[:150]}")


def _autocompletions() -> Iterator[str]:
    """What the admin completes while somebody types: each field that does, asked for what it may find somebody by."""
    for model, page in admin.site._registry.items():
        for field_name in page.autocomplete_fields:
            for term in ("", NAME, PHONE[5:9], "7Q88"):
                about = {
                    "app_label": model._meta.app_label,
                    "model_name": model._meta.model_name,
                    "field_name": field_name,
                }
                yield f"/admin/autocomplete/?{urlencode({**about, 'term': term})}"


def offered_by(text: str) -> dict[str, str]:
    """What a select offers last, and what is typed where not everything may be."""
    typed = {
        "date": datetime.now(UTC).date().isoformat(),
        "time": "08:00",
        "number": "1",
        "tel": "0571 8800 0199",
        "email": "somebody@example.org",
    }
    found, select = {}, ""
    for each in markup.Page(text).elements:
        said = each.attributes
        if each.name == "select":
            select = said.get("name") or ""
        elif each.name == "option":
            found[select] = said.get("value") or found.get(select, "")
        elif each.name == "input" and (kind := said.get("type") or "") in typed:
            found[said.get("name") or ""] = typed[kind]
    return found


def _followed(client: Client, address: str, answer: Any) -> tuple[str, Any]:
    """Where it leads, as a browser goes there, and what stands there; Django's own client follows no answer that is not of
    its own class."""
    for _each in range(4):
        if (there := answer.headers.get("Location")) is None:
            break
        address = urljoin(address, there)
        answer = client.get(address)
    return address, answer


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
        # As who has just typed their password again sees their own entries.
        session = client.session
        session[again.KEPT] = {"at": datetime.now(UTC).timestamp(), "by": user.get_session_auth_hash()}
        session.save()
    return client


def text_of(answer: Any) -> str:
    """Headers too; a picture as its bytes are written down in `marks.ways_of`."""
    body = b"".join(answer) if answer.streaming else answer.content
    words = answer.headers.get("Content-Type", "").startswith(("text/", "application/json"))
    return (body.decode(errors="replace") if words else base64.b64encode(body).decode()) + "".join(
        f"{name}:{value}\n" for name, value in answer.headers.items() if name not in TIMES
    )


def _slim(marked: Marked) -> Community:
    """Of each kind of row one that is the person's, where there is one; of their other rows what they are looked up by."""
    whose = marked.community
    rows = {}
    for model, found in whose.rows.items():
        mine = [row for row in found if _is_of(row, marked)]
        rows[model] = (mine or found)[: 3 if model is ServiceRequest else 1]  # what each body was asked
    return Community(whose.neighborhood, whose.words, rows)


def _is_of(row: Any, marked: Marked) -> bool:
    person = marked.person
    if isinstance(row, Head):
        return row.owners.filter(resident=person).exists()
    whose = {getattr(row, f"{name}_id", None) for name in ("resident", "guardian", "helper")}
    return row in (person, person.user, marked.home) or person.pk in whose


# --- what goes elsewhere than to a reader


@dataclass
class Elsewhere:
    """What is put into the cache, sent to the workers and logged while somebody walks."""

    cached: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Elsewhere]:
    heard = Elsewhere()
    real_set, real_add = RedisCacheClient.set, RedisCacheClient.add

    def kept(self: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        heard.cached.append(f"{key} {value!r}")
        return real_set(self, key, value, *args, **kwargs)

    def added(self: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        heard.cached.append(f"{key} {value!r}")
        return real_add(self, key, value, *args, **kwargs)

    def message(task: Any, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        heard.sent.append(f"{task.name} {args!r} {kwargs!r} {options!r}")

    known: dict[tuple[Any, str], list[Any]] = {}
    real_scope = import_string(settings.EFFECTS["scope"])

    def remembered(*, user: User, perm: str, at: datetime) -> Any:
        """Rights do not change on a walk, for nothing that is sent stays; and to ask takes longer than all the rest."""
        if (user.pk, perm) not in known:
            known[user.pk, perm] = list(real_scope(user=user, perm=perm, at=at).values_list("pk", flat=True))
        return Neighborhood.objects.filter(pk__in=known[user.pk, perm])

    with (
        patch("committees.roles.neighborhoods", remembered),
        patch.object(RedisCacheClient, "set", kept),
        patch.object(RedisCacheClient, "add", added),
        patch("celery.app.task.Task.apply_async", message),
        # Django's client copies what each template was told, which takes longer than the page itself.
        patch("django.test.client.store_rendered_templates", lambda *_args, **_kwargs: None),
    ):
        yield heard


# --- the list of what may be seen

GROUPS: dict[str, list[str]] = DOORS["who"]


def allowed() -> Seen:
    found: Seen = {}
    for where, kinds in DOORS["seen"].items():
        for kind, who in kinds.items():
            found[where, kind] = {name for each in who for name in GROUPS.get(each, [each])}
    return found


def as_row(where: str, kinds: dict[str, set[str]]) -> str:
    """As it would stand in docs/doors.toml."""
    said = ", ".join(f"{kind} = [{_named(who)}]" for kind, who in sorted(kinds.items()))
    return f'"{where}" = {{ {said} }}'


def _named(who: set[str]) -> str:
    left, names = set(who), []
    for group, members in sorted(GROUPS.items(), key=lambda each: -len(each[1])):
        if set(members) <= left:
            names.append(group)
            left -= set(members)
    return ", ".join(f'"{name}"' for name in [*names, *sorted(left)])


def rows_of(seen: Seen) -> str:
    by_place: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for (where, kind), who in seen.items():
        by_place[where][kind] = who
    out = io.StringIO()
    for where in sorted(by_place):
        out.write(as_row(where, by_place[where]) + "\n")
    return out.getvalue()
