"""Anybody may check a slip, and learns nothing by it but that it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consent import receipts
from consent.models import Decision
from ledger.models import Entry
from portal.screens.checking import CODES, FILES, LARGEST_FILE, code_of
from residents.models import Resident
from tests.receipts.checking import Json, at_a_browser
from tests.receipts.conftest import Decide, sequenced

pytestmark = pytest.mark.django_db
GENUINE, WRONG, UNREADABLE = (
    "It is genuine and unchanged",
    "Something in it is not true",
    "This cannot be read as a slip",
)


@pytest.fixture(autouse=True)
def _nobody_asked_yet():
    cache.clear()


@pytest.fixture
def genuine(decide: Decide) -> Json:
    decision = decide("given")
    sequenced()
    return receipts.receipt(decision)


def paste(content: str) -> Any:
    return at_a_browser().post("/check/file/", {"text": content})


@pytest.mark.obligation("35")
def test_the_code_says_that_the_record_holds_it_and_nothing_else(genuine: Json, resident: Resident):
    answer = at_a_browser().get(f"/check/{code_of(genuine['proof'])}/")
    page = answer.content.decode()
    page = page[page.index("<main") : page.index("</main>")]
    assert answer.status_code == 200
    assert "The record holds it" in page
    place = genuine["proof"]["inclusion"]
    assert f"It is number {place['index']}, counted from 0, of the {place['size']} marks" in page
    record = genuine["dpv:hasRecordOfActivity"]
    for secret in (
        resident.name,
        str(resident.pk),
        record["dpv:hasIdentifier"],
        "face",
        "柳岸小区",
        "yes</",
        "given",
        genuine["proof"]["entry"]["salt"],
    ):
        assert secret not in page, secret


def test_the_code_may_be_typed_in_any_way_a_person_would(genuine: Json):
    code = code_of(genuine["proof"])
    assert at_a_browser().get("/check/", {"code": f" {code.upper()} "})["Location"] == f"/check/{code}/"
    assert at_a_browser().get(f"/check/{code.replace('-', '').upper()}/").status_code == 200


def test_wrong_and_unknown_codes_get_one_answer_for_the_same_work(genuine: Json):
    def asked(code: str) -> tuple[int, str, int]:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            answer = at_a_browser().get(f"/check/{code}/")
        said = answer.content.decode()
        return answer.status_code, said[said.index("<main") : said.index("by-code")], len(counted)

    unknown = asked("aaaa-aaaa-aaaa-aaaa")
    assert unknown[0] == 404
    assert "The record holds no such slip" in unknown[1]
    for other in ("7777-7777-7777-7777", "nonsense", "a", "0" * 16, "'; --", "ａａａａ", "x" * 500):
        assert asked(other) == unknown, other
    assert asked(code_of(genuine["proof"]))[2] == unknown[2]


def test_what_is_not_in_the_record_yet_is_not_said_to_be(decide: Decide):
    made = receipts.receipt(decide("given"))
    assert at_a_browser().get(f"/check/{code_of(made['proof'])}/").status_code == 404


def test_the_file_is_checked_as_verify_py_checks_it(genuine: Json):
    answer = paste(json.dumps(genuine))
    assert GENUINE in answer.content.decode()
    assert "signed this slip" in answer.content.decode()
    sent = SimpleUploadedFile("slip.jsonld", json.dumps(genuine).encode())
    assert GENUINE in at_a_browser().post("/check/file/", {"file": sent}).content.decode()
    chinese = at_a_browser(language="zh-hans").post("/check/file/", {"text": json.dumps(genuine)})
    assert "为这张回执的每个字签了名" in chinese.content.decode()


def test_a_forged_one_is_said_to_be_forged(genuine: Json):
    genuine["dpv:hasRecordOfActivity"]["dpv:hasProcess"][0]["dpv:hasConsentStatus"][0]["linmen:kind"] = (
        "refused"
    )
    page = paste(json.dumps(genuine)).content.decode()
    assert WRONG in page
    assert "do not agree: kind" in page


@pytest.mark.parametrize(
    "hostile",
    [
        "x", "[]", "{}", "null", "1" * 10_000, "{" * 100_000, "[" * 200_000, '{"a":' * 20_000, "NaN",
        '{"a":1,"a":2}', '{"proof":{}}', '{"proof":{"schema":["linmen-proof/1"]}}', '{"proof":null,"signature":1}',
        '{"schema":"linmen-proof/1","origin":"linmen.test/log","entry":{},"pending":true}',
        '{"schema":"linmen-proof/1","origin":"linmen.test/log","entry":null,"pending":true}',
        '{"schema":"linmen-proof/1","origin":{},"entry":[],"pending":1e400}', "\0", "\ufeff{}", "<script>alert(1)</script>",
        '{"schema":"\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_no_slip_is_said_to_be_none(genuine: Json, hostile: str):
    answer = paste(hostile)
    assert answer.status_code == 200
    assert UNREADABLE in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def shapes(value: Any) -> list[Any]:
    return [None, True, -1, 2**70, 1.5, "", "\ud800", [], {}, [[]], {"a": {}}, [value], {"x": value}]


def test_whatever_stands_in_whatever_place_it_never_breaks(genuine: Json):
    """Each member of the file in turn, and of its proof, entry and record, as something else altogether."""
    from portal.screens.checking import look

    record = genuine["dpv:hasRecordOfActivity"]
    process = record["dpv:hasProcess"][0]
    holders = [
        genuine,
        genuine["proof"],
        genuine["proof"]["entry"],
        genuine["proof"]["inclusion"],
        genuine["signature"],
    ]
    holders += [record, record["dpv:hasNotice"], record["dpv:hasNotice"]["linmen:content"], process]
    holders += [
        process["dpv:hasConsentStatus"][0],
        process["dpv:hasStorageCondition"][0],
        record["dpv:hasEntity"][0],
    ]
    for holder in holders:
        for name in list(holder):
            value = holder[name]
            for shape in shapes(value):
                if shape == value:
                    continue
                holder[name] = shape
                verdict, lines = look(json.dumps(genuine).encode(), "en")
                assert verdict != "holds", (name, shape)
                assert "".join(line.words for line in lines).encode()
            holder[name] = value
    assert look(json.dumps(genuine).encode(), "zh")[0] == "holds"


def test_what_is_too_long_or_empty_is_told_the_way_out(db):
    for content in ("x" * (LARGEST_FILE + 1), "文" * (LARGEST_FILE // 2)):
        assert paste(content).status_code == 413
    sent = SimpleUploadedFile("slip.jsonld", b"x" * (LARGEST_FILE + 1))
    answer = at_a_browser().post("/check/file/", {"file": sent})
    assert answer.status_code == 413
    assert "larger than 256 KB" in answer.content.decode()
    assert paste("  ").status_code == 400
    assert at_a_browser().get("/check/file/").status_code == 405


def test_nothing_of_it_is_kept(genuine: Json):
    before = Entry.objects.count(), Decision.objects.count()
    with CaptureQueriesContext(connection) as counted:
        paste(json.dumps(genuine))
    assert (Entry.objects.count(), Decision.objects.count()) == before
    assert not [query for query in counted if not query["sql"].startswith("SELECT")]


def test_whoever_asks_too_often_waits(db):
    asked = at_a_browser()
    for _ in range(CODES):
        assert asked.get("/check/aaaa-aaaa-aaaa-aaaa/").status_code == 404
    assert asked.get("/check/aaaa-aaaa-aaaa-aaaa/").status_code == 429
    for _ in range(FILES):
        assert paste("{}").status_code == 200
    assert paste("{}").status_code == 429


def test_the_page_is_open_to_anybody_and_shows_the_key(db):
    from ledger import checkpoints

    page = at_a_browser().get("/check/")
    assert page.status_code == 200
    assert str(checkpoints.key()) in page.content.decode()
    assert "csrfmiddlewaretoken" in page.content.decode()


@pytest.mark.obligation("35")
def test_a_slip_of_before_a_backup_was_restored_is_still_a_slip(genuine: Json, settings):
    """The log has another name from then on, with the same key."""
    from consent.receipts import context_url
    from portal.screens.checking import look

    said, where = json.dumps(genuine).encode(), context_url()
    settings.LEDGER_ORIGIN = "linmen.test/log/2"
    assert look(said, "en")[0] == "false"
    settings.LEDGER_FORMER_ORIGINS = ["linmen.test/log"]
    assert look(said, "en")[0] == "holds"
    genuine["proof"]["origin"] = "elsewhere.test/log"
    assert look(json.dumps(genuine).encode(), "en")[0] == "false"
    assert context_url() == where, "it stands where it stood"
