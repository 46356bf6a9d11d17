"""A PDF is looked through before anybody is given it: what it may not hold, and what it says of who made it."""

from __future__ import annotations

import re
import tracemalloc
import zlib
from contextlib import suppress
from time import monotonic

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
    b"/S /GoToR /F (b.pdf)",
    b"/S /Rendition /OP 0",
    b"/Subtype /Movie",
    b"/OpenAction << /S /URI /URI (https://example.org) >>",
    b"/AA << /O << /S /#55RI /URI (https://example.org) >> >>",
    b"/OpenAction\0<< /URI (https://example.org)\0/S/URI >>",
    b"/OpenAction % a note\n<< /D (a \\( b (c)) /S % another\n /URI >>",
    b"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next [ << /S /URI /URI (x) >> ] >>",
    b"/AA << /WC << /S /URI /URI (x)",
    b"/OpenAction << /S 5 0 R >>",
    b"/A#41 << /O << /S /URI /URI (https://example.org) >> >>",
    b"/OpenAction %" + b"x" * 600 + b"\n<< /S /URI /URI (x) >>",
    b"/AA" + b"%x\r" * 900 + b"<< /O << /S /URI /URI (x) >> >>",
    b"/OpenAction << /S /Hide /Next %" + b"x" * 600 + b"\n<< /S /URI /URI (x) >> >>",
    b"/OpenAction << /S /GoTo /D /a#25 /Next << /S /URI /URI (x) >> >>",
    b"/OpenAction << /S /GoTo /D (a#5c) /Next << /S /URI /URI (x) >> >>",
]


@pytest.mark.parametrize("act", ACTS)
def test_what_acts_by_itself_is_refused_in_the_open_and_packed(act):
    assert reason(pdf(b"9 0 obj\n<< " + act + b" >>\nendobj")) == "acts"
    assert reason(pdf(stream(b"7 0 << " + act + b" >>"))) == "acts"
    # A stream that does not say what it is, and a name at the border of two pieces.
    assert reason(pdf(stream(b" " * (pdfs._CHUNK - 5) + act, b""))) == "acts"


@pytest.mark.parametrize(
    "harmless",
    [
        b"/OpenAction [3 0 R /Fit]",
        b"/S /URI /URI (https://example.org)",
        b"/JavaScripts",
        b"/AA << /O << /S /GoTo /D [3 0 R /Fit] >> >> /A << /S /URI /URI (https://example.org) >>",
        b"/OpenAction 3 0 R >>\nendobj\n8 0 obj\n<< /S /URI /URI (https://example.org)",
        b"/OpenAction << /S /GoTo /D (/S /URI /URI) /Next << /S /Named /N /NextPage >> >>",
        b"/AA << /D << /S /URI /URI (https://example.org) >> >>",  # on a button: a press
        b"/OpenAction 7 0 R >>\nendobj\n7 0 obj\n<< /S /GoTo /D 6 0 R >>\nendobj\n6 0 obj\n<< /A << /S /URI /URI (x) >>",
        b"/AA 12 Tf /AA <",
        b"/AAPL:Keywords 8 0 R /AA1 8 0 R /AA gs /AA 12 0 792.5 Tm /OpenActions (x)",
        b"/OpenAction null",
        b"/OpenAction % a note\n[3 0 R /XYZ -1 +792.5 0]",
    ],
)
def test_a_link_and_a_first_page_are_not(harmless):
    assert pdfs.check(pdf(b"9 0 obj\n<< " + harmless + b" >>\nendobj")) == ""


@pytest.mark.parametrize(
    "spelled",
    [
        b"/OpenAction %" + b"x" * 9000 + b"\n<< /S /URI >>",
        b"/OpenAction" + b" " * 9000 + b"<< /S /URI >>",
        b"/AA" + b"%x\n" * 9000 + b"<< /O << /S /URI >> >>",
        b"/OpenAction (x)",
        b"/OpenAction +8 0 R",
        b"/OpenAction 0000000008 0 R",
        b"/AA << /O 8.0 %" + b"x" * 600 + b"\n0 R >>",
        b"/OpenAction << /S /GoTo } /Next << /S /URI >> >>",
        b"/OpenAction << /S /GoTo 0 /Next << /S /URI >> >>",
        b"/OpenAction << /S /GoTo ] /Next << /S /URI >> >>",
    ],
)
def test_what_a_reader_may_forgive_is_not_guessed_at(spelled):
    assert reason(pdf(b"9 0 obj\n<< " + spelled + b" >>\nendobj")) == "unreadable"
    assert reason(pdf(stream(b"7 0 << " + spelled + b" >>"))) == "unreadable"


@pytest.mark.parametrize("named", [b"/OpenAction 8 0 R", b"/AA << /C 8 0 R >>"])
def test_an_address_that_opens_by_itself_is_found_where_it_stands(named):
    act = b"8 0 obj\n<< /S /URI /URI (https://example.org) >>\nendobj\n"
    assert reason(pdf(act + b"9 0 obj\n<< " + named + b" >>\nendobj")) == "acts"
    assert reason(pdf(act + stream(b"7 0 << " + named + b" >>"))) == "acts"


def packed(
    objects: dict[int, bytes], *, within: bytes = b"/Filter /FlateDecode", first: bytes = b""
) -> bytes:
    """A stream that holds these objects, as writers of PDF 1.5 make it."""
    header, body = b"", b""
    for number, said in objects.items():
        header += b"%d %d " % (number, len(body))
        body += said + b"\n"
    content = header + body
    if within:
        content = zlib.compress(content)
    said = first or b"%d" % len(header)
    head = b"/Type /ObjStm /N %d /First " % len(objects) + said + b" " + within
    return (
        b"20 0 obj\n<< "
        + head
        + b" /Length %d >>\nstream\n" % len(content)
        + content
        + b"\nendstream\nendobj\n"
    )


ADDRESS = b"<< /S /URI /URI (https://example.org) >>"
PLAIN = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
LINK = b"<< /Subtype /Link /Rect [0 0 9 9] /A " + ADDRESS + b" >>"


@pytest.mark.parametrize("within", [b"/Filter /FlateDecode", b"/Filter [ /FlateDecode ]", b""])
@pytest.mark.parametrize(
    ("named", "objects"),
    [
        (b"/OpenAction 8 0 R", {8: ADDRESS}),
        (b"/OpenAction 8 0 R", {7: LINK, 8: ADDRESS, 9: PLAIN}),
        (b"/AA << /WC 8 0 R >>", {7: PLAIN, 8: ADDRESS}),
        (b"/AA 7 0 R", {7: b"<< /Type /Page /O 8 0 R >>", 8: ADDRESS}),
        (b"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next 8 0 R >>", {8: ADDRESS}),
        (b"/OpenAction 7 0 R", {7: b"<< /S /Hide /Next 9 0 R >>", 9: b"[8 0 R /Fit]", 8: ADDRESS}),
        (b"/OpenAction 8 0 R", {8: b"<< /S 9 0 R >>", 9: b"/URI"}),
        (b"/OpenAction 8 0 R", {7: b"(" + b"x" * 600_000 + b")", 8: ADDRESS}),
    ],
)
def test_an_address_that_opens_by_itself_is_found_in_packed_objects_too(named, objects, within):
    in_the_open = b"9 0 obj\n<< /Type /Catalog " + named + b" >>\nendobj\n"
    assert reason(pdf(in_the_open + packed(objects, within=within))) == "acts"
    catalog = b"<< /Type /Catalog /Pages 2 0 R " + named + b" >>"
    assert reason(pdf(packed({30: catalog, **objects}, within=within))) == "acts"
    # Of two that have one number some readers take the first, some the last.
    assert reason(pdf(in_the_open + packed({8: PLAIN}) + packed(objects, within=within))) == "acts"


@pytest.mark.parametrize("act", [b"/S /JavaScript /JS (x)", b"/S /Launch /F (a.exe)", b"/S /SubmitForm"])
def test_nor_does_anything_else_that_acts_get_by_in_one(act):
    assert reason(pdf(packed({30: b"<< /OpenAction 8 0 R >>", 8: b"<< " + act + b" >>"}))) == "acts"


@pytest.mark.parametrize(
    "objects",
    [
        {30: b"<< /Type /Catalog /OpenAction 8 0 R >>", 8: b"[3 0 R /Fit]", 9: LINK},
        {30: b"<< /Type /Catalog /OpenAction 8 0 R >>", 8: b"<< /S /GoTo /D [9 0 R /Fit] >>", 9: LINK},
        {
            30: b"<< /Type /Catalog /OpenAction 8 0 R >>",
            8: b"[9 0 R /Fit]",
            9: PLAIN[:-2] + b"/Annots [" + LINK + b"] >>",
        },
        {30: b"<< /Type /Catalog /OpenAction 8 0 R >>", 8: b"<< /S /Hide /Next 8 0 R >>"},  # in a ring
    ],
)
def test_links_in_packed_objects_wait_for_a_press(objects):
    assert pdfs.check(pdf(packed(objects))) == ""


def test_one_that_lies_across_two_pieces_is_read_whole():
    for before in range(0, 12_000, 400):
        act = b"/OpenAction << /S /GoTo /D (" + b"x" * 3000 + b") /Next << /S /URI /URI (x) >> >>"
        assert reason(pdf(b" " * (pdfs._CHUNK - before) + act)) == "acts"
        assert reason(pdf(stream(b" " * (pdfs._CHUNK - before) + act, b""))) == "acts"


@pytest.mark.parametrize(
    "act",
    [
        b"/OpenAction << /S /GoTo /D /" + b"#41" * 3400 + b" /Next << /S /URI /URI (x) >> >>",
        b"/OpenAction " + b"%xxxx\n" * 1200 + b"<< /S /#55RI /URI (x) >>",
        b"/AA " + b"%" + b"#41" * 8300 + b"\n<< /O << /S /URI /URI (x) >> >>",
    ],
)
def test_one_that_is_written_in_escapes_is_read_whole_or_not_at_all(act):
    for before in range(400, 30_000, 800):
        at = pdf(b"act").index(b"act")
        whole = pdf(b" " * (pdfs._CHUNK - before - at) + act + b" " * 40_000)
        assert whole.index(act) == pdfs._CHUNK - before
        assert reason(whole) in ("unreadable", "acts")
        behind = stream(b" " * (pdfs._CHUNK - before) + act + b" " * 40_000, b"")
        assert reason(pdf(behind)) in ("unreadable", "acts")


@pytest.mark.parametrize("line", [b"/AA%", b"/AA ", b"/OpenAction[", b"%/AA%x\n", b"/AA %\n%\n%"])
def test_however_many_of_them_are_looked_at_it_ends_in_time(line):
    begun = monotonic()
    with suppress(pdfs.PdfRefused):
        pdfs.check(pdf(line * (3_000_000 // len(line))))
    assert monotonic() - begun < 2 * pdfs.LONGEST_SECONDS


@pytest.mark.parametrize(
    "more",
    [
        packed({8: ADDRESS}, first=b"5 0 R"),
        packed({8: ADDRESS}, first=b"900000000"),
        packed({8: ADDRESS}).replace(b"/Type /ObjStm", b"").replace(b"/FlateDecode", b"/LZWDecode"),
        b"20 0 obj << /N 1 /First 4 >>\nstream\n8 x << >>\nendstream",
        b"8 0 obj << /S /GoTo /D (" + b"x" * 9000 + b") /Next << /S /URI >> >>\nendobj",
        b"8 0 obj << /S /GoTo /D /" + b"#41" * 3000 + b" /Next << /S /URI >> >>\nendobj",
        b"8 0 obj << /S /URI /S /GoTo >>\nendobj",
        b"8 0 obj " + b"[" * 2000 + b"\nendobj",
    ],
)
def test_what_is_written_by_nobody_is_not_looked_through(more):
    assert reason(pdf(b"9 0 obj\n<< /OpenAction 8 0 R >>\nendobj\n" + more)) in ("unreadable", "acts")
    assert reason(pdf(b"9 0 obj\n<< /AA << /O 8 0 R >> >>\nendobj\n" + more)) in ("unreadable", "acts")


def test_a_chain_of_packed_objects_is_paid_for(monkeypatch):
    chain = {n: b"<< /S /Hide /Next %d 0 R >>" % (n + 1) for n in range(100, 160)}
    made = pdf(b"9 0 obj\n<< /OpenAction 100 0 R >>\nendobj\n" + bytes(20_000) + packed(chain))
    assert pdfs.check(made) == ""
    monkeypatch.setattr(pdfs, "MOST_UNPACKED", 1_000_000)
    assert reason(made) == "unreadable"


def test_of_what_packed_objects_unpack_to_little_is_held():
    bomb = packed({7: b"<< /X (" + bytes(60_000_000) + b") >>", 8: b"<< /S /Hide >>"})
    made = pdf(b"9 0 obj\n<< /OpenAction 8 0 R >>\nendobj\n" + bomb)
    tracemalloc.start()
    assert pdfs.check(made) == ""
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6_000_000


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
    monkeypatch.setattr(pdfs, "MOST_UNPACKED", 10_000)
    much = bytes(100_000)
    assert pdfs.check(pdf(stream(much, b"/Subtype /Image"))) == ""
    assert reason(pdf(stream(much, b""))) == "unreadable"  # a few bytes that unpack to very many
    assert reason(pdf(stream(much, b"/Resources << /ProcSet [/PDF /ImageC] >>"))) == "unreadable"


def test_a_name_written_in_numbers_says_what_a_stream_is():
    assert (
        reason(pdf(b"9 0 obj << /Type /Obj#53tm /Filter /LZWDecode >>\nstream\nxx\nendstream"))
        == "unreadable"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        b"stream\n" * 1000,
        b"stream\n\x78\x9c\x03\x00\x00\x00\x00\x01" * 1000,
        b"#41" * 20_000,
        b"/OpenAction 8 0 R" + b" 8 0 obj" * 2000,
    ],
)
def test_what_makes_work_out_of_few_bytes_is_paid_for(monkeypatch, hostile):
    assert pdfs.check(pdf(hostile)) == ""
    monkeypatch.setattr(pdfs, "MOST_UNPACKED", 1_000_000)
    assert pdfs.check(pdf(bytes(len(hostile)))) == ""
    assert reason(pdf(hostile)) == "unreadable"


@pytest.mark.parametrize(
    "hostile", [b"/Author (a", b"/Author (", b"/Author <", b"<dc:creator>", b"/Company (a)"]
)
def test_of_many_who_made_it_so_many_are_read_and_no_more(monkeypatch, hostile):
    read: list[int] = []
    for name in ("_text", "_xmp"):
        monkeypatch.setattr(pdfs, name, lambda value: read.append(len(value)) or "")
    assert pdfs.check(pdf(hostile * 10_000 + stream(hostile * 10_000))) == ""
    assert 0 < len(read) <= pdfs._WHO_MOST
    assert max(read) <= pdfs._WHO_READ


def test_on_a_slow_machine_it_gives_up(monkeypatch):
    seconds = iter(range(0, 10_000, 3))
    monkeypatch.setattr(pdfs, "monotonic", lambda: next(seconds))
    assert reason(pdf(stream(b"x") * 20)) == "unreadable"


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
        (b"/Author (\\8\\9\\061)", "Author: 891"),
        (b"/Author (\\9", ""),
        (b"/Author (" + b"a" * 5000 + b")", "Author: " + "a" * 120),
        (b"/Author <" + b"61" * 5000 + b">", "Author: " + "a" * 120),
        (b"<dc:creator>" + b"a" * 5000 + b"</dc:creator>", "Author: " + "a" * 120),
    ],
)
def test_it_says_who_made_it_in_the_open_and_packed(said, read):
    assert pdfs.check(pdf(b"9 0 obj << " + said + b" >> endobj")) == read
    assert pdfs.check(pdf(stream(said))) == read
