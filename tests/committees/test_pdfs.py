"""A PDF is looked through before anybody is given it: what it may not hold, and what it says of who made it."""

from __future__ import annotations

import re
import zlib

import pytest

from committees import pdfs
from portal.demo import papers
from tests.committees.notices import pdf


def stream(content: bytes, head: bytes = b"/Type /ObjStm /N 1 /First 4") -> bytes:
    packed = zlib.compress(content)
    head = head + b" /Filter /FlateDecode /Length %d" % len(packed)
    return b"9 0 obj\n<< " + head + b" >>\nstream\n" + packed + b"\nendstream\nendobj"


def reason(content: bytes) -> str:
    with pytest.raises(pdfs.PdfRefused) as refused:
        pdfs.check(content)
    return refused.value.reason


@pytest.mark.parametrize("content", [pdf(), papers.accounts(), papers.minutes()])
def test_a_plain_one_passes_and_names_nobody(content):
    assert pdfs.check(content) == ""


ACTS = [
    b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>",
    b"/S /Java#53cript",
    b"/S /#4a#61vaScript",
    b"/S /Launch /F (a.exe)",
    b"/Names << /EmbeddedFiles 5 0 R >>",
    b"<< /Type /EmbeddedFile >>",
    b"/Subtype /RichMedia",
    b"/S /SubmitForm",
    b"/AcroForm << /XFA 7 0 R >>",
]


@pytest.mark.parametrize("act", ACTS)
def test_what_acts_by_itself_is_refused_in_the_open_and_packed(act):
    assert reason(pdf(b"9 0 obj\n<< " + act + b" >>\nendobj")) == "acts"
    assert reason(pdf(stream(b"7 0 << " + act + b" >>"))) == "acts"
    # A stream that does not say what it is, and a name at the border of two pieces.
    assert reason(pdf(stream(b" " * (pdfs._CHUNK - 5) + act, b""))) == "acts"


@pytest.mark.parametrize(
    "harmless", [b"/OpenAction [3 0 R /Fit]", b"/S /URI /URI (https://example.org)", b"/JavaScripts"]
)
def test_a_link_and_a_first_page_are_not(harmless):
    assert pdfs.check(pdf(b"9 0 obj\n<< " + harmless + b" >>\nendobj")) == ""


def test_a_locked_one_is_refused():
    assert reason(pdf().replace(b"/Root", b"/Encrypt 8 0 R /Root")) == "locked"
    assert reason(pdf(b"<< /Type /XRef /#45ncrypt 8 0 R >>")) == "locked"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not_a_pdf"),
        (b"x" + pdf(), "not_a_pdf"),
        (pdf()[:-12], "truncated"),
        (b"%PDF-1.7\n%%EOF\n", "unreadable"),
        (pdf(b"9 0 obj << /Type /ObjStm /Filter /LZWDecode >>\nstream\nxx\nendstream"), "unreadable"),
        (pdf(b"9 0 obj << /Type /ObjStm /Filter /FlateDecode >>\nstream\nxx\nendstream"), "unreadable"),
        (pdf(stream(b"7 0 << >>", b"/Type /ObjStm /DecodeParms << /Predictor 12 >>")), "unreadable"),
    ],
)
def test_what_is_none_and_what_cannot_be_looked_through(content, why):
    assert reason(content) == why


def test_pages_within_a_packed_stream_are_pages():
    bare = re.sub(
        rb"2 0 obj.*?endobj\n3 0 obj.*?endobj\n", b"", pdf(stream(b"7 0 << /Type /Page >>")), flags=re.DOTALL
    )
    assert b"/Kids" not in bare
    assert pdfs.check(bare) == ""


def test_a_picture_within_is_no_text(monkeypatch):
    monkeypatch.setattr(pdfs, "MOST_UNPACKED", 1000)
    much = bytes(100_000)
    assert pdfs.check(pdf(stream(much, b"/Subtype /Image"))) == ""
    assert reason(pdf(stream(much, b""))) == "unreadable"  # a few bytes that unpack to very many


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (b"/Author (Lin Mei)", "Author: Lin Mei"),
        (b"/Author (Lin \\(office\\) (2))", "Author: Lin (office) (2)"),
        (b"/Author <FEFF67F34E00>", "Author: 柳一"),
        (b"/Author (\\376\\377\\147\\363\\116\\000)", "Author: 柳一"),
        (b"/Author ()", ""),
        (
            b"<dc:creator><rdf:Seq><rdf:li>\xe6\x9f\xb3\xe4\xb8\x80</rdf:li></rdf:Seq></dc:creator>",
            "Author: 柳一",
        ),
        (b"/Company (a\nb) /Author (c)", "Company: a b; Author: c"),
    ],
)
def test_it_says_who_made_it_in_the_open_and_packed(said, read):
    assert pdfs.check(pdf(b"9 0 obj << " + said + b" >> endobj")) == read
    assert pdfs.check(pdf(stream(said))) == read
