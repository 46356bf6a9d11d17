"""The database has no place for a picture of anybody that a face could be made from."""

from __future__ import annotations

import pytest

from tests.laws.conftest import Execute

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("11", "A3")]

# Digests, keys, sealed words and phone numbers, and templates: nobody's likeness. What a resident photographs for a repair
# is sealed under a key of its own, and only `gate/` looks at faces, which is never given it. What a body publishes is public.
KNOWN_BYTES = {
    "committees_entry.digest",
    "committees_notice.hash",
    "committees_noticefile.content",
    "committees_noticefile.hash",
    "committees_result.hash",
    "committees_servicenote.sealed",
    "committees_servicephoto.sealed",
    "committees_servicewords.sealed",
    "committees_urn.sealed",
    "residents_mailaddress.sealed",
    "residents_passkey.credential_id",
    "residents_passkey.public_key",
    "residents_recoverycode.digest",
    "residents_requestwords.sealed",
    "residents_secondstep.secret_sealed",
    "access_credential.digest",
    "access_device.public_key",
    "access_device.sealing_key",
    "access_pairingcode.digest",
    "access_template.ciphertext",
    "consent_decision.form_hash",
    "consent_paper.scan_hash",
    "consent_paperscan.sealed",
    "consent_form.content_hash",
    "ledger_entry.commitment",
    "ledger_opening.salt",
    "ledger_leaf.hash",
    "ledger_tile.root",
    "ledger_tile.hashes",
    "ledger_checkpoint.root",
    "ledger_witness.public_key",
    "ledger_cosignature.signature",
    "access_unknowncard.digest",
    "residents_archive.sealed",
    "residents_heldrow.sealed",
    "residents_import.about",
    "residents_importrow.before",
    "residents_importrow.content",
    "residents_letter.digest",
    "sharing_link.digest",
    "sharing_recipientaccount.digest",
    "residents_resident.phone_index",
    "residents_resident.phone_sealed",
    "sharing_copy.mark",
    "sharing_copy.sha256",
    "sharing_givenvalues.phone_sealed",
    "sharing_givenvalues.salt",
    "sharing_piece.content",
    "sharing_sheet.leaves",
}


def test_there_is_no_picture_of_anybody_that_a_face_could_be_made_from(execute: Execute):
    """Photos come for a face, by a consent, and go: the register, the cards and the accounts have no place for one."""
    blobs = execute(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea' ORDER BY 1"
    )
    assert {name for (name,) in blobs} <= KNOWN_BYTES
    pictures = execute(
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name ~ '(photo|picture|image|avatar|portrait)'"
    )
    # Which of the two photos of an enrolment was refused, and the consent to send them.
    assert {name for (name,) in pictures} <= {"access_enrolment.photo", "access_enrolment.photo_standing_id"}
