"""The demo's consent forms, and what some of its residents decided."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from access import enrolment
from access.models import Enrolment
from consent import deciding, drafting, publishing, voices
from consent.models import Form, Purpose
from portal.demo import assessing, pictures
from portal.demo.community import Community
from residents.models import Neighborhood, Resident, User

NOTICES = Path(__file__).with_name("notices.toml")


def ask_and_answer(
    plan: Community,
    *,
    neighborhood: Neighborhood,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    assessing.enable(neighborhood=neighborhood, users=users, at=at)
    texts = tomllib.loads(NOTICES.read_text(encoding="utf-8"))
    forms = {}
    for purpose in Purpose:
        form = _draft(plan, neighborhood, purpose, texts[purpose.value], users["secretary"])
        publishing.submit(form=form, by=users["secretary"], at=at)
        forms[purpose] = publishing.publish(form=form, by=users["chair"], at=at)
    for account in plan.refused:
        _decide(deciding.refuse, resident(account), forms[Purpose.FACE_AT_GATE], at)
    for account in plan.enrolled:
        person = resident(account)
        for purpose in (Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET):
            _decide(deciding.give, person, forms[purpose], at)
        # Taken in as from a browser; the worker looks at the photos as soon as there is one.
        enrolment.begin(
            resident=person,
            route=Enrolment.Route.PORTAL,
            pictures=pictures.for_enrolment(plan.portraits[account]),
            at=at,
        )
    for account in ("resident", "passer-by"):
        pictures.for_visitors(account, person=plan.portraits[account])


def _draft(
    plan: Community, neighborhood: Neighborhood, purpose: Purpose, texts: dict[str, Any], by: User
) -> Form:
    form = drafting.begin(neighborhood=neighborhood, purpose=purpose, by=by)
    form.controller_name, form.controller_kind = plan.controller, Form.Controller.OWNERS
    form.controller_address, form.controller_contact = plan.controller_address, plan.controller_contact
    form.retention_days, form.life_days = texts["retention_days"], texts["life_days"]
    form.save()
    for text in form.texts.all():
        for part, words in texts[text.language].items():
            setattr(text, part, words.strip())
        text.save()
    return form


def _decide(act: Callable[..., object], person: Resident, form: Form, at: datetime) -> None:
    assert person.user is not None
    voice = voices.own(person.user, person.user.language)
    act(resident=person, purpose=Purpose(form.purpose), form=form, voice=voice, at=at)
