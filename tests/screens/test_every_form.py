"""What is asked of every form that a resident may meet, of the census: nothing that is sent to it makes it fall over, and what
was typed is still there beside what was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils.html import escape

from portal.screens.census import PAGES
from tests.screens import markup
from tests.screens.everything import Everything, everything
from tests.screens.test_every_page import address, visitor

pytestmark = pytest.mark.django_db

TOO_LONG = "长" * 20_000
TYPED = '<b>"门口"</b> & 灯'
BAD = {
    "nothing": "",
    "spaces": " \u3000\u00a0 ",
    "markup": TYPED,
    "no character": "a\x00b",
    "half a character": "a\ud800b".encode("utf-8", "surrogatepass").decode("latin-1"),
    "too long": TOO_LONG,
    "a number beyond all": "9" * 400,
}
ANSWERS = {200, 302, 400, 403, 404, 413}
KINDS_TYPED = (
    None,
    "text",
    "search",
    "tel",
    "email",
    "date",
    "time",
    "number",
    "url",
    "month",
    "datetime-local",
)


@dataclass
class Form:
    """One on a page, as a browser would send it: what is typed, what is chosen, what it carries along."""

    page: str
    action: str
    typed: list[str] = field(default_factory=list)
    secret: list[str] = field(default_factory=list)
    chosen: dict[str, list[str]] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.page} -> {self.action}"


@pytest.fixture
def lived(settings, tmp_path: Path, here, forms, question, clerk, now) -> Everything:
    settings.PHOTOS = tmp_path / "photos"
    return everything(here, forms, question, clerk, at=now)


def forms_of(page: str, where: str, text: str) -> list[Form]:
    found: list[Form] = []
    current: Form | None = None
    for each in markup.Page(text).elements:
        said = each.attributes
        if each.name == "form":
            current = Form(page, said.get("action") or where) if said.get("method") == "post" else None
            if current:
                found.append(current)
        elif current is not None and (name := said.get("name")):
            _take(current, each, name)
    return found


def _take(form: Form, element: markup.Element, name: str) -> None:
    kind, value = element.attributes.get("type"), element.attributes.get("value") or ""
    if "readonly" in element.attributes:  # nobody types there
        form.carried[name] = value
    elif element.name == "textarea" or (element.name == "input" and kind in KINDS_TYPED):
        form.typed.append(name)
    elif kind == "password":
        form.secret.append(name)
    elif kind == "hidden":
        form.carried[name] = value
    elif kind != "file":
        form.chosen.setdefault(name, []).append(value)


def every(lived: Everything, language: str = "en") -> Iterator[tuple[Client, Form]]:
    """Each form once, though many stand on several pages, with a browser that sees it."""
    seen = set()
    for page in PAGES:
        if page.is_ours:
            continue
        client, where = visitor(page, lived, language), address(page, lived)
        for form in forms_of(page.name, where, client.get(where).content.decode()):
            known = (form.action, *form.typed, *sorted(form.carried), *sorted(form.chosen))
            if known not in seen:
                seen.add(known)
                yield client, form


def sent(client: Client, form: Form, data: dict[str, object]) -> HttpResponse:
    """What is answered; nothing of it stays."""
    cache.clear()  # the patience of a form is another matter
    cookies = client.cookies.output()
    with transaction.atomic():
        answer = client.post(form.action, data)
        transaction.set_rollback(True)
    client.cookies.load(cookies)
    return answer


def test_there_is_enough_to_try(lived):
    """Counted as each comes, as the tests below meet it."""
    found = [(bool(form.typed), bool(form.chosen), bool(form.secret)) for _, form in every(lived)]
    assert len(found) > 40
    typed, chosen, secret = (sum(each) for each in zip(*found, strict=True))
    assert typed >= 12
    assert chosen >= 12
    assert secret > 4


@pytest.mark.obligation("14")
def test_whatever_is_typed_it_answers(lived):
    wrong = {}
    for client, form in every(lived):
        first = {name: values[0] for name, values in form.chosen.items()}
        for bad, value in BAD.items():
            typed = fill(form, value)
            answer = sent(client, form, {**form.carried, **first, **typed})
            if found := faults(form, answer, typed if value.strip() else {}):
                wrong[f"{form}: {bad}"] = found
    assert not wrong, "\n".join(f"{form}: {faults}" for form, faults in wrong.items())


def test_whatever_is_chosen_it_answers(lived):
    wrong = {}
    for client, form in every(lived):
        typed = fill(form, TYPED)
        for bad, chosen in badly_chosen(form).items():
            if found := faults(form, sent(client, form, {**form.carried, **typed, **chosen}), typed):
                wrong[f"{form}: {bad}"] = found
    assert not wrong, "\n".join(f"{form}: {faults}" for form, faults in wrong.items())


def badly_chosen(form: Form) -> dict[str, dict[str, object]]:
    return {
        "nothing": {},
        "what was not offered": dict.fromkeys(form.chosen, "no-such\x00thing"),
        "each twice": {name: values + values for name, values in form.chosen.items()},
        "what the page carries along, put otherwise": dict.fromkeys(form.carried, "' OR 1=1; --\x00"),
    }


def fill(form: Form, value: str) -> dict[str, str]:
    """Something else in each field, if anything, so that each is looked for by itself."""
    names = [*form.typed, *form.secret]
    return {name: f"{number}{value}" if value.strip() else value for number, name in enumerate(names)}


def faults(form: Form, answer: HttpResponse, typed: dict[str, str]) -> list[str]:
    if answer.status_code not in ANSWERS:
        return [f"answered with {answer.status_code}"]
    if not answer.headers["Content-Type"].startswith("text/html") or answer.status_code in (302, 404):
        return []
    text = answer.content.decode()
    found = markup.Page(text).faults
    if "<script>" in text or TYPED in text:
        found.append("what was typed became markup")
    for name in form.typed:
        if name in typed and escape(typed[name])[:60] not in text:
            found.append(f"what was typed is gone: {name}")
    return found
