"""`/obligations/`: what is asked, what holds it and what was seen of that, for anybody to read."""

from __future__ import annotations

import json

import pytest
from django.utils.html import escape
from django.utils.translation import override

from portal import carried, obligations, proofs
from portal.proofs import Proof
from portal.screens import obligations as page

PAGE = "/obligations/"
KNOWN = obligations.table()
TEST = carried.by_id()["A1"][0]


@pytest.fixture(autouse=True)
def untested(tmp_path, monkeypatch):
    """A copy that nobody tested; `seen(...)` tells what was seen of it."""
    monkeypatch.setattr(obligations, "RESULT", tmp_path / "obligations.json")
    monkeypatch.setattr(proofs, "RESULT", tmp_path / "prove.json")
    return tmp_path


@pytest.fixture
def row(anybody):
    """What one duty's own page says of it."""

    def said(id: str) -> str:
        whole = anybody.get(f"{PAGE}{id}/").content.decode()
        return whole.partition(f'id="{id}" ')[2].partition("</article>")[0]

    return said


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_anybody_reads_every_duty_and_its_source_in_their_language(anybody, language):
    said = anybody.get(PAGE, headers={"accept-language": language}).content.decode()
    for each in KNOWN.values():
        words, source = each.said(language)
        assert f'id="{each.id}"' in said
        assert f'href="#{each.id}"' in said
        assert escape(words) in said
        assert escape(source) in said
    for long in obligations.sources(language).values():
        assert escape(long) in said


def test_every_duty_is_said_in_chinese_too():
    assert [each.id for each in KNOWN.values() if each.words_zh in ("", each.words)] == []
    law = [each for each in KNOWN.values() if each.id[0] != "F"]
    assert [each.id for each in law if each.source_zh in ("", each.source)] == []
    assert obligations.sources("zh-hans").keys() == obligations.sources("en").keys()


def test_what_is_not_known_from_the_statute_says_that_it_may_not_be_quoted(row):
    for each in KNOWN.values():
        said = row(each.id)
        for letter, words in page.CERTAINTY.items():
            with override("en"):
                assert (escape(str(words)) in said) == (letter in each.confidence.split("/"))
    assert "not to be quoted as statute" in row("42")


def test_it_shows_what_no_test_holds_as_not_covered(row):
    uncovered = [id for id in KNOWN if id not in carried.by_id()]
    assert uncovered
    for id in uncovered:
        assert "Not covered yet" in row(id)
        assert "<code>" not in row(id)


def test_it_names_the_guards_by_what_they_are_to_a_reader(row):
    said = row("A1")
    assert said.index("The database refuses") < said.index("gate_is_never_biometric_only")
    assert said.index("The code sees to it") < said.index("access.gates.")


def test_it_says_of_a_copy_that_was_not_tested_that_it_was_not(row, anybody):
    assert "This copy was not tested here" in anybody.get(PAGE).content.decode()
    said = row("A1")
    assert "Held by tests. This copy was not tested here." in said
    assert "not run here" in said
    assert "passed" not in said
    assert "taken away" not in said


def test_it_says_which_tests_passed(untested, row):
    (untested / "obligations.json").write_text(
        json.dumps({"A1": {f"{TEST.node}[one]": "passed", f"{TEST.node}[two]": "passed"}})
    )
    said = row("A1")
    assert "The tests passed when this copy was last tested" in said
    assert f'{TEST.sentence}</span> · <span class="soft">passed' in said


def test_one_failure_among_many_runs_of_a_test_is_a_failure(untested, row):
    (untested / "obligations.json").write_text(
        json.dumps({"A1": {f"{TEST.node}[one]": "passed", f"{TEST.node}[two]": "failed"}})
    )
    said = row("A1")
    assert "A test failed when this copy was last tested" in said
    assert "The tests passed" not in said


def test_it_says_which_guards_were_taken_away_and_what_came_of_it(row):
    constraint, *others = KNOWN["A1"].guards
    proofs.keep([Proof(guard=constraint, id="A1", by=TEST.node), Proof(guard=others[0], id="A1")])
    said = row("A1")
    assert "a test failed, as it must" in said
    assert "no test noticed" in said
    assert said.count("taken away on") == 2


def test_it_lives_without_tests(monkeypatch, tmp_path, anybody):
    """As where only what is needed to serve was installed."""
    monkeypatch.setattr(carried, "TESTS", tmp_path / "none")
    said = anybody.get(PAGE).content.decode()
    assert "The tests are not part of this installation" in said
    assert "Not covered yet" not in said
    assert "gate_is_never_biometric_only" in anybody.get(f"{PAGE}A1/").content.decode()


def test_it_opens_every_list_for_a_printer(anybody):
    closed = anybody.get(PAGE).content.decode()
    assert "duty__tests" not in closed
    assert f'href="{PAGE}A1/"' in closed
    assert '<details class="duty__tests" open>' in anybody.get(f"{PAGE}?tests=open").content.decode()


def test_it_has_no_page_for_a_duty_that_there_is_not(anybody):
    assert anybody.get(f"{PAGE}A0/").status_code == 404


def test_it_is_found_from_every_page(anybody, me):
    for reader, where in ((anybody, "/"), (anybody, "/sign-in/"), (me, "/"), (me, "/record/")):
        assert f'href="{PAGE}"' in reader.get(where).content.decode()


def test_it_is_only_read(anybody):
    assert anybody.post(PAGE).status_code == 405


def test_it_asks_the_database_only_whom_to_call_at_night_for_a_stranger(anybody, django_assert_num_queries):
    with django_assert_num_queries(1):
        anybody.get(PAGE)


def test_names_of_tests_are_sentences():
    assert carried.Carrier("tests/a.py", "TestB::test_it_says_no_twice").sentence == "It says no twice"


def test_tests_are_known_by_their_source_wherever_the_mark_stands(tmp_path):
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_a.py").write_text(
        "import pytest\n"
        "pytestmark = [pytest.mark.slow, pytest.mark.obligation('A1')]\n"
        "@pytest.mark.obligation('2', '3')\n"
        "def test_one(): ...\n"
        "@pytest.mark.obligation('4')\n"
        "class TestThem:\n"
        "    def test_two(self): ...\n"
        "def not_a_test(): ...\n"
    )
    found = {id: [each.node for each in tests] for id, tests in carried.by_id(folder).items()}
    one, two = "tests/test_a.py::test_one", "tests/test_a.py::TestThem::test_two"
    assert found == {"A1": [one, two], "2": [one], "3": [one], "4": [two]}
