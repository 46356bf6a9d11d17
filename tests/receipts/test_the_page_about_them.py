"""What docs/receipts.md says of the fields is what the code checks."""

from pathlib import Path

from consent.receipt_fields import FIELDS, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "receipts.md"


def test_the_table_is_the_list_in_the_code():
    said = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert said == rows()


def test_each_field_is_listed_once():
    assert len({field.name for field in FIELDS}) == len({field.path for field in FIELDS}) == len(FIELDS)
