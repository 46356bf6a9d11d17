"""Every address that a resident may open, and what it answers: the list that tests and photographs are driven by.

A new address stands here, or the tests fail: so no page is left out of what is asked of all of them (weight, valid
HTML, contrast, both languages), and none is missing among the pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from django.urls import URLPattern, URLResolver, get_resolver


class Open(Enum):
    """To whom a page is open."""

    ANYBODY = "signed out"
    RESIDENT = "signed in"


@dataclass(frozen=True)
class Page:
    """`name` is that of its address in portal/urls.py."""

    name: str
    open_to: Open = Open.RESIDENT
    is_sheet: bool = False  # one that is printed to be kept: it brings the measures of paper along
    is_ours: bool = False  # for who works on this: it is not there in production


PAGES = (
    Page("home"),
    Page("sheet", is_sheet=True),
    Page("account"),
    Page("messages"),
    Page("my_codes"),
    Page("my_passkeys"),
    Page("new_passkey"),
    Page("consents"),
    Page("consent"),
    Page("consent_history"),
    Page("signed_form"),
    Page("decided_for_me"),
    Page("my_gates"),
    Page("qr"),
    Page("pin"),
    Page("lost"),
    Page("visitors"),
    Page("invite"),
    Page("courier"),
    Page("visit"),
    Page("enrol"),
    Page("enrolment"),
    Page("erasures"),
    Page("erasure"),
    Page("certificate", is_sheet=True),
    Page("sharing"),
    Page("committee"),
    Page("notices"),
    Page("notice"),
    Page("documents"),
    Page("votes"),
    Page("vote"),
    Page("vote_cast"),
    Page("vote_result"),
    Page("services"),
    Page("answered"),
    Page("ask_kinds"),
    Page("ask_service"),
    Page("service"),
    Page("requests"),
    Page("ask"),
    Page("ask_for_child"),
    Page("request"),
    Page("archive"),
    Page("after_me"),
    Page("record"),
    Page("record_all"),
    Page("record_print", is_sheet=True),
    Page("my_entries"),
    Page("sign_in_again"),
    Page("my_slip", is_sheet=True),
    Page("household"),
    Page("leave"),
    Page("ask_departure"),
    Page("departure"),
    Page("helping"),
    Page("helping_repair"),
    Page("child"),
    Page("child_consent"),
    Page("child_erasure"),
    Page("child_sharing"),
    Page("child_lost"),
    Page("child_enrol"),
    Page("child_enrolment"),
    Page("sign_in", Open.ANYBODY),
    Page("sign_in_code", Open.ANYBODY),
    Page("sign_in_passkey", Open.ANYBODY),
    Page("claim", Open.ANYBODY),
    Page("recover", Open.ANYBODY),
    Page("faces", Open.ANYBODY),
    Page("faces_here", Open.ANYBODY),
    Page("check", Open.ANYBODY),
    Page("check_code", Open.ANYBODY),
    Page("log", Open.ANYBODY),
    Page("log_sheet", Open.ANYBODY, is_sheet=True),
    Page("retention", Open.ANYBODY),
    Page("who_sees_what", Open.ANYBODY),
    Page("obligations", Open.ANYBODY),
    Page("obligation", Open.ANYBODY),
    Page("offline", Open.ANYBODY),
    Page("design", Open.ANYBODY, is_ours=True),
)

# Nothing to look at: they do what a form asks, and send on.
ACTS = frozenset(
    {
        "answer",
        "answer_departure",
        "begin_codes",
        "call_off",
        "cancel_enrolment",
        "certify",
        "certify_all",
        "change_password",
        "check_file",
        "child_answer",
        "child_cancel_enrolment",
        "child_decide",
        "child_stop",
        "choose_messages",
        "claim_instead",
        "close_my_entries",
        "codes_off",
        "confirm_codes",
        "decide",
        "drop_codes",
        "end_helper",
        "end_sessions",
        "end_visit",
        "fetch_archive",
        "give_address",
        "helping_lost",
        "helping_no",
        "keep_my_mail",
        "letter",
        "make_archive",
        "name_helper",
        "new_qr",
        "no_messages",
        "prove",
        "prove_address",
        "put_letter_away",
        "put_notice_away",
        "put_right",
        "remove_passkey",
        "renew_recovery_codes",
        "send_my_mail",
        "service_call_off",
        "service_reopen",
        "service_say",
        "set_language",
        "sign_out",
        "stay",
        "stop_letter",
        "stop_paper",
        "stop_pin",
        "stop_qr",
        "take_address_away",
        "take_instruction_back",
        "take_request_back",
        "text_size",
        "vote_name",
        "withdraw",
    }
)
# For machines, or to be kept: no page.
FILES = frozenset(
    {
        "certificate_file",
        "healthz",
        "manifest",
        "my_proof",
        "my_slip_file",
        "notice_file",
        "qr_picture",
        "receipt_context",
        "record_export",
        "service_photo",
        "visit_picture",
        "vote_file",
        "vote_program",
        "vote_table",
        "worker",
    }
)
# Of others: the desk and its lists have tests of their own, as have what recipients see, the gates' API and the log's.
ELSEWHERE = ("desk/", "admin/", "api/", "log/", "recipient/")


def names() -> set[str]:
    """Of every address in portal/urls.py that is not elsewhere."""
    return set(_names(get_resolver().url_patterns))


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLResolver):
            if not str(each.pattern).startswith(ELSEWHERE):
                yield from _names(each.url_patterns)
        elif each.name and not str(each.pattern).startswith(("admin/", "api/", "recipient/")):
            yield each.name
