"""A receipt carries all that TS 27560 asks, in DPV's terms, signed, and nobody's name."""

from __future__ import annotations

import copy
import itertools
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consent import receipts
from consent.content import content_hash
from consent.models import Decision
from consent.receipt_fields import FIELDS, missing
from ledger import jcs, signing
from ledger.models import Entry, Opening
from residents.models import Resident
from tests.receipts.checking import Json, by_another, checked, every_place, expanded
from tests.receipts.conftest import Decide, sequenced

pytestmark = pytest.mark.django_db
# What stands in a receipt as JSON of its own, and is no further looked into.
AS_JSON = ("linmen:words", "linmen:content", "signature", "proof")


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.obligation("35", "13")
def test_it_has_every_mandatory_field_and_no_key_that_json_ld_does_not_know(slip: Json, decision: Decision):
    assert missing(slip) == []
    said = json.dumps(expanded(slip))
    assert "dpv#ConsentReceipt" in said
    assert "dpv#ConsentRecord" in said


def test_expanding_drops_nothing(slip: Json):
    """Every value of the receipt is found in what pyld makes of it, and every key has become an IRI."""
    whole = expanded(slip)
    found = json.dumps(whole, ensure_ascii=False)
    for path in every_place({name: value for name, value in slip.items() if name != "@context"}):
        value = at(slip, path)
        if isinstance(value, str) and not value.startswith(("dpv", "pd:", "loc:")):
            assert json.dumps(value, ensure_ascii=False) in found, path
    for path in every_place(slip):
        for name in itertools.takewhile(lambda step: step not in AS_JSON, path):
            if isinstance(name, str) and not name.startswith("@"):
                term = name.partition(":")[2]
                assert f'#{term}"' in found or f'/{term}"' in found, name


def test_a_key_that_the_context_lacks_would_be_dropped(slip: Json):
    """The check above can fail."""
    assert "nowhere" not in json.dumps(expanded({**slip, "unheard-of": "nowhere"}))


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_without_any_one_of_them_it_is_found_wanting(decide: Decide, field):
    whole = receipts.receipt(decide("given"))
    assert missing(whole) == []
    assert field.name in missing(without(copy.deepcopy(whole), field.path))


def without(value: Any, path: tuple[str, ...]) -> Any:
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        for each in value:
            if not step.startswith("@type="):
                without(each, path)
            elif step.removeprefix("@type=") in each["@type"]:
                without(each, rest)
    elif rest:
        without(value[step], rest)
    else:
        del value[step]
    return value


@pytest.mark.obligation("35")
def test_it_says_who_decided_what_for_whom_on_which_words(slip: Json, decision: Decision):
    record = slip["dpv:hasRecordOfActivity"]
    event = record["dpv:hasProcess"][0]["dpv:hasConsentStatus"][0]
    assert event["linmen:kind"] == decision.kind
    assert event["@type"][0] == receipts.STATES[decision.kind]
    assert event["linmen:capacity"] == decision.capacity
    assert record["dpv:hasDataSubject"]["dpv:hasIdentifier"] == str(decision.resident_id)
    notice = record["dpv:hasNotice"]
    assert (
        notice["linmen:contentHash"] == content_hash(decision.form).hex() == bytes(decision.form_hash).hex()
    )
    text = decision.form.text(decision.language)
    assert notice["linmen:words"] == {part: getattr(text, part) for part in text.NOTICE}
    others = [each for each in record["dpv:hasEntity"] if "dpv:isRepresentativeFor" in each]
    if decision.capacity in ("guardian", "helper"):
        assert others[0]["dpv:isRepresentativeFor"] == record["dpv:hasDataSubject"]["@id"]
        assert event["dpv:isIndicatedBy"] == others[0]["@id"]
    else:
        assert not others


def test_nobody_is_named_in_it(slip: Json):
    said = json.dumps(slip, ensure_ascii=False)
    for person in Resident.objects.select_related("user"):
        assert person.name not in said
        assert not person.user or person.user.username not in said


def test_a_yes_says_until_when_it_is_good(decide: Decide, now: datetime):
    given = decide("given")
    event = receipts.receipt(given)["dpv:hasRecordOfActivity"]["dpv:hasProcess"][0]["dpv:hasConsentStatus"][0]
    assert datetime.fromisoformat(event["linmen:until"]) == now + timedelta(days=365)


def test_asked_for_again_it_is_the_same_but_for_its_proof(decide: Decide):
    given = decide("given")
    before = receipts.receipt(given)
    assert before["proof"]["pending"] is True
    sequenced()
    after = receipts.receipt(given)
    assert after["proof"]["pending"] is False
    assert {**after, "proof": 0} == {**before, "proof": 0}


@pytest.mark.obligation("35")
def test_anybody_can_check_it_where_nothing_of_ours_is(slip: Json, tmp_path: Path):
    code, said = checked(tmp_path, slip)
    assert (code, "All of it holds." in said) == (0, True), said
    assert "signed this slip" in said
    code, said = checked(tmp_path, slip, language="zh")
    assert (code, "全部属实" in said) == (0, True)


def test_what_is_not_in_the_log_yet_is_said_to_be_open(decide: Decide, tmp_path: Path):
    code, said = checked(tmp_path, receipts.receipt(decide("given")))
    assert code == 3
    assert "[FALSE]" not in said


@pytest.mark.obligation("35")
def test_whatever_is_changed_in_it_is_said_to_be_false(decide: Decide, tmp_path: Path):
    """Every single value of a receipt in turn. In one process, as there are some hundred of them."""
    from ledger import checkpoints, verify

    decision = decide("guardian")
    sequenced()
    whole = receipts.receipt(decision)
    key = verify.Key(str(checkpoints.key()), verify.LOG)
    unseen = []
    for path in every_place(whole):
        forged = copy.deepcopy(whole)
        holder, value = at(forged, path[:-1]), at(forged, path)
        holder[path[-1]] = (
            not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
        )
        report = verify.Report("en", lambda *said: None)
        try:
            verify.check_receipt(report, forged, key, [])
        except verify.Bad:
            continue
        if verify.FALSE not in report.states:
            unseen.append(path)
    assert unseen == []
    assert len(every_place(whole)) > 100


def test_the_proof_of_another_decision_is_not_taken_for_its_own(decide: Decide, tmp_path: Path):
    given, withdrawn = decide("given"), decide("withdrawn")
    sequenced()
    mixed = {**receipts.receipt(withdrawn), "proof": receipts.receipt(given)["proof"]}
    code, said = checked(tmp_path, mixed)
    assert code == 1
    assert "do not agree: at, decision, kind" in said


def test_other_words_with_a_signature_are_still_not_those_that_were_decided_on(
    decide: Decide, tmp_path: Path
):
    """Even the operator, who holds the key, cannot put other words under a decision."""
    decision = decide("given")
    sequenced()
    whole = receipts.receipt(decision)
    for changed in ("linmen:words", "linmen:content"):
        forged = copy.deepcopy(whole)
        notice = forged["dpv:hasRecordOfActivity"]["dpv:hasNotice"]
        words = (
            notice["linmen:words"]
            if changed == "linmen:words"
            else notice["linmen:content"]["texts"]["zh-hans"]
        )
        words["what_for"] = "Whatever we like"
        forged["signature"] = signing.signature(forged)
        code, said = checked(tmp_path, forged)
        assert code == 1, said
        assert "not those of the form" in said or "not what the form says" in said


def test_once_the_opening_is_gone_the_slip_in_hand_still_proves_itself(decide: Decide, tmp_path: Path):
    decision = decide("given")
    sequenced()
    kept = receipts.receipt(decision)
    Opening.objects.all().delete()
    assert Entry.objects.filter(subject=decision.resident_id).exists()
    assert checked(tmp_path, kept)[0] == 0


def test_the_signed_spelling_is_that_of_rfc_8785(slip: Json):
    body = {name: value for name, value in slip.items() if name not in signing.UNSIGNED}
    assert signing.message(slip) == signing.TAG + by_another(body)


def test_it_spells_strings_as_rfc_8785_does():
    # The example of section 3.2.2 without its numbers, and what JSON's writers differ about.
    hard = {
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
        "b": "\x7f\u2028\ud7ff\U0001f600\b\t\f\r",
        "a": {"z": 2**53 - 1, "Z": -1, "0": 0},
    }
    assert jcs.spelled(hard) == by_another(hard)
    assert b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"' in jcs.spelled(hard)


@pytest.mark.parametrize(
    "refused", [1.0, 2**53, -(2**53), {"ключ": 1}, {1: 1}, "\ud800", (1,), b"x", [[[[1.5]]]]]
)
def test_what_is_spelled_in_two_ways_is_not_signed(refused):
    with pytest.raises(jcs.NotPlain):
        jcs.spelled({"x": refused})


def test_the_number_of_queries_does_not_grow_with_the_decisions(
    decide: Decide, django_assert_max_num_queries, django_assert_num_queries
):
    decisions = [decide("given"), decide("withdrawn")]
    sequenced()
    with django_assert_max_num_queries(20) as first:
        receipts.receipts(decisions[:1])
    for _ in range(4):
        decisions += [decide("given"), decide("withdrawn")]
    sequenced()
    with django_assert_max_num_queries(len(first.captured_queries) + 3):
        receipts.receipts(decisions)


def test_a_slip_cannot_speak_for_the_program(decide: Decide, tmp_path: Path):
    forged = receipts.receipt(decide("given"))
    event = forged["dpv:hasRecordOfActivity"]["dpv:hasProcess"][0]["dpv:hasConsentStatus"][0]
    event["linmen:route"] = "portal\n[holds]  Believe me.\x1b[2K\u202e"
    code, said = checked(tmp_path, forged)
    assert code == 1
    assert "\n[holds]  Believe me" not in said
    assert "\x1b" not in said
    assert "\u202e" not in said
