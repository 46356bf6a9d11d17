"""Papers drawn by code, for notices of the demo: a PDF of lines of text, and a picture of bars."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw

SPENT = (
    ("秩序维护", 118_000),
    ("保洁", 92_000),
    ("电梯维保", 64_200),
    ("公共水电", 46_000),
    ("绿化", 31_000),
)
COLOURS = ("#2f6f62", "#4d8a7d", "#76a699", "#a0c0b6", "#c8dad4")


def pdf(lines: Sequence[str]) -> bytes:
    """One page of A4. Its Chinese is set in a font that each reader of PDF brings along for it."""
    shown = b"".join(b"<%s> Tj T*\n" % line.encode("utf-16-be").hex().encode() for line in lines)
    text = b"BT /F1 14 Tf 26 TL 72 760 Td\n%sET" % shown
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R /Lang (zh-CN) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
        (
            b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 7 0 R"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>"
        ),
        (
            b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
            b" /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
        ),
    )
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def accounts() -> bytes:
    lines = [f"{name}    {sum_} 元" for name, sum_ in SPENT]
    return pdf(
        ["本季度物业费收支", "", "收入    386000 元", *lines, "支出合计    351200 元", "结余    34800 元"]
    )


def minutes() -> bytes:
    return pdf(
        [
            "会议纪要",
            "",
            "到会 5 人。",
            "一、继续聘用现物业公司一年。",
            "二、河边门加装雨棚。",
            "三、明年起每季度公示收支。",
        ]
    )


def shares() -> bytes:
    """Bars and nothing else: what they say stands beside the picture."""
    drawn = Image.new("RGB", (900, 420), "#fbfaf5")
    pen = ImageDraw.Draw(drawn)
    for row, ((_name, spent), colour) in enumerate(zip(SPENT, COLOURS, strict=True)):
        pen.rectangle((30, 30 + 76 * row, 30 + spent * 820 // 118_000, 80 + 76 * row), fill=colour)
    out = io.BytesIO()
    drawn.save(out, format="PNG")
    return out.getvalue()


DRAWN: dict[str, Callable[[], bytes]] = {"accounts": accounts, "minutes": minutes, "shares": shares}
