"""`/log/` and its sheet: the promise of the log for everybody, in plain words, on a screen and on a notice board."""

from __future__ import annotations

import base64

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger import checkpoints, notes
from ledger.models import Witness
from portal.tasks import mail_checkpoint
from tests.ledger.logs import Cosigner, grow

pytestmark = pytest.mark.django_db
LANGUAGES = {"en": "The record nobody can secretly change", "zh-hans": "防改记录"}


def said(client, path="/log/", language="en") -> str:
    response = client.get(path, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.obligation("35", "A6")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/log/", "/log/sheet/"])
def test_anybody_reads_the_newest_checkpoint(anybody, path, language):
    made = grow(3)
    found = said(anybody, path, language)
    root = base64.b64encode(bytes(made.root)).decode()
    assert LANGUAGES[language] in found
    for first in range(0, 44, 11):
        assert f"<span>{root[first : first + 11]}</span>" in found
    assert str(checkpoints.key()) in found
    assert ("<svg" in found and 'class="qr"' in found) == (path == "/log/sheet/")


def test_the_sheet_is_found_without_its_slash_too(anybody):
    answer = anybody.get("/log/sheet")
    assert (answer.status_code, answer["Location"]) == (301, "/log/sheet/")


@pytest.mark.parametrize("path", ["/log/", "/log/sheet/"])
def test_it_says_so_when_there_is_nothing_yet(anybody, path):
    assert "Nothing has been written down yet." in said(anybody, path)


def test_it_shows_who_else_signed_and_when(anybody):
    seen = Cosigner()
    checkpoints.welcome(seen.key)
    made = grow(3)
    assert "Nobody has signed this newest one yet." in said(anybody)
    checkpoints.take(seen.note(made, 1_700_000_000), at=made.at)
    for path in ("/log/", "/log/sheet/"):
        assert "witness.example" in said(anybody, path)
        assert "2023" in said(anybody, path)


def test_it_shows_the_newest_one_that_others_signed_beside_the_newest(anybody):
    """A checkpoint is made every few seconds and a witness comes by once a day: none would ever be seen."""
    seen = Cosigner()
    checkpoints.welcome(seen.key)
    checkpoints.take(seen.note(grow(3), 1_700_000_000), at=timezone.now())
    grow(4)
    found = said(anybody)
    for words in (
        "Nobody has signed this newest one yet.",
        "have signed has 3 marks",
        "witness.example",
        "2023",
    ):
        assert words in found, words


def test_the_square_does_not_grow_with_the_witnesses(anybody):
    made = grow(3)
    alone = said(anybody, "/log/sheet/").partition("<svg")[2].partition("</svg>")[0]
    for number in range(30):
        witness = Witness.objects.create(name=f"witness{number}.example", public_key=bytes([number]) * 32)
        made.cosignatures.create(witness=witness, timestamp=1_700_000_000, signature=b"x" * 64)
    found = said(anybody, "/log/sheet/")
    assert found.partition("<svg")[2].partition("</svg>")[0] == alone
    assert "witness29.example" in found


def test_a_witness_with_an_absurd_clock_breaks_no_page(anybody):
    seen = Cosigner()
    witness = checkpoints.welcome(seen.key)
    made = grow(3)
    made.cosignatures.create(witness=witness, timestamp=2**63 - 1, signature=b"x" * 64)
    assert "9999" in said(anybody)


def test_it_is_found_from_every_page_and_leads_to_its_programs(anybody, me):
    for reader, page in ((anybody, "/"), (me, "/record/")):
        assert 'href="/log/"' in said(reader, page)
    found = said(anybody)
    for name in ("verify.py", "witness.py", "checkpoint"):
        assert f'href="/log/{name}"' in found
        assert f"/log/{name}" in found


@pytest.mark.parametrize(("path", "most"), [("/log/", 6), ("/log/sheet/", 3)])
def test_it_costs_few_queries(anybody, path, most, django_assert_max_num_queries):
    grow(3)
    with django_assert_max_num_queries(most):
        anybody.get(path)


def test_the_digest_goes_to_who_asked_for_it_and_holds_nothing_else(settings):
    made = grow(3)
    mail_checkpoint()
    assert mail.outbox == []
    settings.LEDGER_DIGEST_TO = ["school@example.org", "paper@example.org"]
    mail_checkpoint()
    assert [each.to for each in mail.outbox] == [["school@example.org"], ["paper@example.org"]]
    for each in mail.outbox:
        assert made.note in each.body
        assert str(checkpoints.key()) in each.body
        assert "Keep this mail" in each.body
        assert "请保留这封邮件" in each.body
        assert "\n" not in each.subject


def test_one_address_that_fails_keeps_no_other(settings, monkeypatch, caplog):
    grow(3)
    settings.LEDGER_DIGEST_TO = ["nobody@example.org", "paper@example.org"]
    send = mail.EmailMessage.send

    def failing(self, *args, **kwargs):
        if self.to == ["nobody@example.org"]:
            raise ConnectionRefusedError("nobody@example.org")
        return send(self, *args, **kwargs)

    monkeypatch.setattr(mail.EmailMessage, "send", failing)
    call_command("log_digest")
    assert [each.to for each in mail.outbox] == [["paper@example.org"]]
    assert "example.org" not in caplog.text


def test_there_is_no_digest_of_nothing(settings):
    settings.LEDGER_DIGEST_TO = ["school@example.org"]
    mail_checkpoint()
    assert mail.outbox == []


def test_a_witness_is_named_by_a_command(capsys):
    key = str(Cosigner().key)
    call_command("log_witness", key)
    assert Witness.objects.get().name == "witness.example"
    with pytest.raises(CommandError, match="known already"):
        call_command("log_witness", key)
    for wrong in ("x", str(notes.Key("log.example", notes.ED25519, b"k" * 32))):
        with pytest.raises(CommandError):
            call_command("log_witness", wrong)
    capsys.readouterr()
    call_command("log_witness")
    assert capsys.readouterr().out.strip() == key
