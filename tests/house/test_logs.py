"""What the database refuses it tells with the whole row; no log repeats it, whoever writes it: the web, a worker, Python itself."""

from __future__ import annotations

import logging

import pytest
from celery.app.task import Task
from django.db import connection, transaction
from django.test import Client

from portal import embedded, logs
from portal.celery import app

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23")]

NAME = "翟一珂"
WHOLE_ROW = f"INSERT INTO residents_building (id, name) VALUES (gen_random_uuid(), '{NAME}')"
NO_DATE = f"SELECT '{NAME}'::date"
TWICE = f"INSERT INTO django_content_type (app_label, model) VALUES ('{NAME}', 'x'), ('{NAME}', 'x')"


def ask(said: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(said)


def fails() -> None:
    ask(WHOLE_ROW)


@pytest.fixture
def task() -> Task:
    return app.task(name="tests.fails")(fails)


@pytest.mark.parametrize("said", [WHOLE_ROW, NO_DATE, TWICE], ids=["a whole row", "a value", "a key"])
def test_the_web_writes_down_which_law_and_no_value(said, monkeypatch, caplog, capsys):
    monkeypatch.setattr("portal.matrix.readers", lambda: ask(said))
    assert Client(raise_request_exception=False).get("/who-sees-what/").status_code == 500
    assert "SQLSTATE 2" in caplog.text
    assert "test_logs.py" in caplog.text  # where it was is still told
    assert NAME not in caplog.text + capsys.readouterr().err


def test_a_worker_neither(task, caplog, capsys):
    assert task.apply().failed()
    assert "SQLSTATE 23502" in caplog.text
    assert 'null value in column "neighborhood_id"' in caplog.text
    assert NAME not in caplog.text + capsys.readouterr().err


def test_nor_does_who_logs_the_error_itself(caplog):
    with pytest.raises(Exception, match="Failing row") as raised:
        fails()
    logging.getLogger("somebody").error("it went wrong: %s, %r", raised.value, raised.value)
    logging.getLogger("somebody").error("by name: %(what)s", {"what": raised.value})
    assert caplog.text.count("SQLSTATE 23502") == 3
    assert NAME not in caplog.text


def test_nor_what_came_of_it(caplog):
    try:
        try:
            fails()
        except Exception as error:
            raise LookupError("nobody") from error
    except LookupError:
        logging.getLogger("somebody").exception("it went wrong")
    assert "LookupError: nobody" in caplog.text
    assert NAME not in caplog.text


def test_nor_python_where_nobody_caught_it(capsys):
    with pytest.raises(Exception, match="Failing row") as raised:
        fails()
    logs._uncaught(raised.type, raised.value, raised.tb)
    written = capsys.readouterr().err
    assert "SQLSTATE 23502" in written
    assert NAME not in written


def test_a_law_of_ours_keeps_its_words(caplog):
    law = "DO $$ BEGIN RAISE EXCEPTION 'nobody is moved out by a form' USING ERRCODE = 'LM030'; END $$"
    with pytest.raises(Exception, match="moved out") as raised:
        ask(law)
    logging.getLogger("somebody").error("%s", raised.value)
    assert "nobody is moved out by a form (SQLSTATE LM030)" in caplog.text


def test_other_errors_stay_as_they_are(caplog):
    try:
        raise ValueError("a plain one")
    except ValueError:
        logging.getLogger("somebody").exception("it went wrong")
    assert "ValueError: a plain one" in caplog.text


def test_the_servers_own_log_holds_none(servers):
    log = servers / "log" / "postgres.log"
    for said in (WHOLE_ROW, NO_DATE):
        with pytest.raises(Exception, match=r"Failing row|invalid input"):
            ask(said)
    assert NAME not in log.read_text(errors="replace")
    shown = {}
    with connection.cursor() as cursor:
        for name in ("log_min_messages", "log_error_verbosity", "log_parameter_max_length_on_error"):
            cursor.execute(f"SHOW {name}")
            shown[name] = cursor.fetchone()[0]
    assert shown == {name: embedded._POSTGRES_SETTINGS[name] for name in shown}
