"""Publishing a form: whole, hashed, and unchangeable from then on."""

import threading
import time

import psycopg
import pytest
from django.db import transaction

from consent import publishing
from consent.content import content_hash
from consent.models import Form, FormText, Purpose
from tests.cast import draft
from tests.cast import publish as read_by_two

pytestmark = pytest.mark.django_db


def publish(form, by, at):
    return read_by_two(form=form, by=by, at=at)


@pytest.mark.obligation("13", "7")
def test_it_publishes_and_puts_the_one_before_out_of_force(here, chair, now):
    first = publish(draft(here, Purpose.FACE_AT_GATE), chair, now)
    second = publish(draft(here, Purpose.FACE_AT_GATE, version=2), chair, now)
    first.refresh_from_db()
    assert (first.state, second.state) == (Form.State.SUPERSEDED, Form.State.PUBLISHED)
    assert bytes(first.content_hash) != bytes(second.content_hash)


@pytest.mark.obligation("13")
@pytest.mark.parametrize("language", FormText.Language.values)
@pytest.mark.parametrize("part", FormText.NOTICE)
def test_it_refuses_a_notice_with_a_part_missing(here, chair, now, language, part):
    form = draft(here, Purpose.FACE_AT_GATE)
    form.texts.filter(language=language).update(**{part: "  "})
    with pytest.raises(publishing.FormIncomplete) as refused:
        publish(form, chair, now)
    assert refused.value.missing == [f"{language}.{part}"]


@pytest.mark.obligation("13", "20", "36")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention_days", None),
        ("life_days", None),
        ("life_days", 0),
        ("controller_name", ""),
        ("controller_contact", " "),
    ],
)
def test_it_refuses_a_form_without_a_period_or_a_processor(here, chair, now, field, value):
    form = draft(here, Purpose.FACE_AT_GATE)
    setattr(form, field, value)
    form.save()
    with pytest.raises(publishing.FormIncomplete) as refused:
        publish(form, chair, now)
    assert refused.value.missing == [field]


def test_it_refuses_a_form_in_one_language(here, chair, now):
    form = draft(here, Purpose.FACE_AT_GATE)
    form.texts.filter(language="en").delete()
    with pytest.raises(publishing.FormIncomplete):
        publish(form, chair, now)


def test_it_changes_its_hash_with_any_word(here):
    form = draft(here, Purpose.FACE_AT_GATE)
    before = content_hash(form)
    for part in FormText.NOTICE:
        form.texts.filter(language="en").update(**{part: f"{part}!"})
        after = content_hash(form)
        assert after != before
        before = after


@pytest.mark.obligation("7", "35")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE consent_form SET life_days = 9999",
        "UPDATE consent_form SET state = 'draft'",
        "UPDATE consent_form SET state = 'superseded', superseded_at = now(), life_days = 1",
        "DELETE FROM consent_form",
        "UPDATE consent_formtext SET effect = 'none'",
        "DELETE FROM consent_formtext",
        (
            "INSERT INTO consent_formtext SELECT (f).* FROM (SELECT jsonb_populate_record(t, "
            '\'{"id": 99999, "language": "fr"}\') f FROM consent_formtext t LIMIT 1) x'
        ),
    ],
)
def test_it_cannot_be_changed_by_raw_sql(committed, request, app_sql, sql):
    request.getfixturevalue("forms")
    with app_sql() as session, pytest.raises(psycopg.errors.Error) as refused:
        session.execute(sql)
    assert refused.value.sqlstate == "LM003"


@pytest.mark.obligation("7", "35")
def test_a_word_changed_while_it_is_being_published_waits_and_is_refused(committed, request, app_sql, now):
    chair, form = (
        request.getfixturevalue("chair"),
        draft(request.getfixturevalue("here"), Purpose.FACE_AT_GATE),
    )
    editor, watching = app_sql(), app_sql()
    refused = []

    def edit():
        try:
            editor.execute("UPDATE consent_formtext SET effect = 'none' WHERE form_id = %s", [form.pk])
        except psycopg.Error as error:
            refused.append(error.sqlstate)

    late = threading.Thread(target=edit)
    with transaction.atomic():
        publish(form, chair, now)
        late.start()
        _wait_until_blocked(editor, watching)
    late.join(10)
    assert refused == ["LM003"]
    published = Form.objects.get(pk=form.pk)
    assert bytes(published.content_hash) == content_hash(published)


def test_a_word_changed_just_before_is_published_with_it(committed, request, app_sql, now):
    chair, form = (
        request.getfixturevalue("chair"),
        draft(request.getfixturevalue("here"), Purpose.FACE_AT_GATE),
    )
    editor = app_sql(autocommit=False)
    editor.execute("UPDATE consent_formtext SET effect = 'none' WHERE form_id = %s", [form.pk])
    later = threading.Timer(0.5, editor.commit)
    later.start()
    published = publish(form, chair, now)
    later.join(10)
    assert {text.effect for text in published.texts.all()} == {"none"}
    assert bytes(published.content_hash) == content_hash(published)


def _wait_until_blocked(session, watching):
    deadline = time.monotonic() + 40
    asked = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
    while watching.execute(asked, [session.info.backend_pid]).fetchone() != (True,):
        assert time.monotonic() < deadline, "nothing waits"
        time.sleep(0.02)
