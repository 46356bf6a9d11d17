"""Every rule ends what its time is over for, leaves what it is not, and says so; and nothing is without a rule."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import DateField

from portal import retention
from residents.ages import years_before
from residents.keeping import (
    AsWritten,
    ByNeighborhood,
    End,
    NoPeriod,
    Rule,
    Setting,
    Years,
    deleted,
    in_words,
)
from residents.models import Resident, RetentionRun
from tests import make
from tests.retention.due import MADE, edge, rule

pytestmark = pytest.mark.django_db
CODES = [each.code for each in retention.RULES]
A_DAY = timedelta(days=1)


def by_days(each: Rule) -> bool:
    """Whose clock is a day, not a moment."""
    found = each.rows().model._meta
    return each.clock in {field.name for field in found.fields if type(field) is DateField}


def test_each_has_a_code_of_its_own_and_something_to_be_tried_with():
    assert len(set(CODES)) == len(CODES)
    assert set(CODES) == MADE.keys()


@pytest.mark.obligation("20", "9")
@pytest.mark.parametrize("code", CODES)
def test_what_is_over_goes_and_what_is_not_stays(place, code, now):
    each = rule(code)
    over = MADE[code](place, edge(each, now))
    days = by_days(each)
    young = MADE[code](place, edge(each, now) + (2 * A_DAY if days else A_DAY / 24 / 60))
    assert make.swept(code, at=now) == 1
    assert (over(), young()) == (False, True)
    assert RetentionRun.objects.get(rule=code).deleted == 1
    assert make.swept(code, at=now) == 0


@pytest.mark.obligation("20")
@pytest.mark.parametrize("code", CODES)
def test_it_is_late_once_its_grace_is_over_and_not_before(place, code, now):
    each = rule(code)
    MADE[code](place, edge(each, now))
    assert each not in retention.late(at=now)
    if not by_days(each):
        assert each not in retention.late(at=now + each.grace - A_DAY / 24 / 60)
    assert each in retention.late(at=now + each.grace + A_DAY)


@pytest.mark.obligation("20")
@pytest.mark.parametrize("life", [None, timedelta(0), timedelta(days=-1), Years(0), 30, ""])
def test_there_is_no_rule_without_a_period(life):
    with pytest.raises(NoPeriod):
        _rule(life=life)


@pytest.mark.obligation("20")
@pytest.mark.parametrize("missing", ["code", "what", "why", "since", "covers"])
def test_there_is_no_rule_without_its_words(missing):
    with pytest.raises(NoPeriod):
        _rule(**{missing: ""})


def _rule(**changed):
    said = {
        "code": "x.y", "what": "w", "why": "y", "life": A_DAY, "since": "s", "end": End.DELETE,
        "covers": ("residents.RetentionRun",), "rows": RetentionRun.objects.all, "clock": "last_at",
        "forget": deleted(RetentionRun),
    }  # fmt: skip
    return Rule(**{**said, **changed})


@pytest.mark.obligation("20", "41")
def test_every_table_of_ours_says_how_long_or_why_it_stays():
    """Law 8: a new table without a period fails here, and not in somebody's life."""
    ours = {
        model._meta.label
        for app in apps.get_app_configs()
        if str(app.path).startswith(str(settings.BASE_DIR)) and ".venv" not in str(app.path)
        for model in app.get_models()
    }
    named = [label for each in (*retention.RULES, *retention.KEPT) for label in each.covers]
    assert ours - {".".join(label.split(".")[:2]) for label in named} == set()
    for label in named:
        app, model, *field = label.split(".")
        found = apps.get_model(app, model)
        assert not field or found._meta.get_field(field[0])


def test_what_a_rule_clears_is_empty_and_nothing_else(place, now):
    card = MADE["access.card_numbers"](place, now - timedelta(days=31))
    before = Resident.objects.values().get(pk=place.who.pk)
    make.swept("access.card_numbers", at=now)
    assert not card()
    assert place.who.credentials.get(ended_at__isnull=False).kind == "card"
    assert Resident.objects.values().get(pk=place.who.pk) == before


@pytest.mark.parametrize(
    ("born", "today", "grown"),
    [
        ("2008-11-24", "2026-11-23", False),
        ("2008-11-24", "2026-11-24", True),
        ("2008-02-29", "2026-02-28", False),
        ("2008-02-29", "2026-03-01", True),
    ],
)
def test_a_birthday_is_by_the_calendar(born, today, grown):
    from datetime import date

    assert (date.fromisoformat(born) <= years_before(date.fromisoformat(today), 18)) is grown


def test_a_birthday_comes_at_the_neighborhoods_own_midnight(place, now):
    midnight = now.replace(hour=16, minute=0, second=0, microsecond=0)  # in Shanghai
    Resident.objects.filter(pk=place.who.pk).update(born=years_before((midnight + A_DAY / 2).date(), 18))
    assert make.swept("residents.birth_dates", at=midnight - timedelta(minutes=1)) == 0
    assert make.swept("residents.birth_dates", at=midnight) == 1


@pytest.mark.parametrize(
    ("life", "said"),
    [
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=30), "30 days"),
        (timedelta(days=1095), "3 years"),
        (Years(18), "18 years"),
        (Setting("GATE_TOMBSTONE_DAYS"), "400 days"),
        (AsWritten(), "as long as was said"),
        (ByNeighborhood("entry_event_days"), "at most 30 days; your neighborhood may set less"),
    ],
)
def test_a_period_is_said_in_words(life, said):
    from django.utils.translation import override

    with override("en"):
        assert in_words(life) == said
        here = SimpleNamespace(entry_event_days=7)
        assert in_words(life, here) == ("7 days" if isinstance(life, ByNeighborhood) else said)
