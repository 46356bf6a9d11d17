"""The demo's consent forms, and what some of its residents decided."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from access import enrolment
from access.models import Enrolment
from consent import deciding
from consent.models import Decision, Form, FormText, Purpose
from consent.publishing import publish
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
    forms = {
        purpose: publish(
            form=_draft(plan, neighborhood, purpose, texts[purpose.value]), by=users["chair"], at=at
        )
        for purpose in Purpose
    }
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


def _draft(plan: Community, neighborhood: Neighborhood, purpose: Purpose, texts: dict[str, Any]) -> Form:
    form = Form.objects.create(
        neighborhood=neighborhood,
        purpose=purpose,
        version=1,
        controller_name=plan.controller,
        controller_contact=plan.controller_contact,
        retention_days=texts["retention_days"],
        life_days=texts["life_days"],
    )
    for language in FormText.Language.values:
        words = {part: text.strip() for part, text in texts[language].items()}
        FormText.objects.create(form=form, language=language, **words)
    return form


def _decide(act: Callable[..., object], person: Resident, form: Form, at: datetime) -> None:
    assert person.user is not None
    decide = partial(act, resident=person, actor=person.user, language=person.user.language)
    decide(purpose=Purpose(form.purpose), form=form, route=Decision.Route.PORTAL, at=at)
