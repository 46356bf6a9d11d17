"""What people read where the other files of this package speak in codes: what happened, and the way out."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = dict[str, str | Promise]

# Why the whole file was refused.
FILES: Words = {
    "too_large": _(
        "The file is larger than %(most)s MB. Save the list alone, without pictures, and send that."
    ),
    "empty": _("The file is empty."),
    "no_lines": _("Below the headings of “%(sheet)s” there is not one line."),
    "old_or_locked": _(
        "This is an old .xls file, or it is locked with a password. Save it as .xlsx without a password."
    ),
    "unreadable": _(
        "This is no spreadsheet that we can read. Save the list as .xlsx or as .csv and send that."
    ),
    "macros": _("The file carries macros (small programs). Save it as .xlsx, without macros, and send that."),
    "zip_bomb": _(
        "The file unpacks to far more than a list of residents can be, so it was not opened. Copy the list into a new"
        " spreadsheet and send that."
    ),
    "too_many_rows": _(
        "“%(sheet)s” has more than %(most)s lines. Send the list in parts, for example one building at a time."
    ),
    "too_many_columns": _("“%(sheet)s” has more than %(most)s columns. Send only those that the list needs."),
    "no_headings": _(
        "No line of “%(sheets)s” has headings that we know. Name the columns as in the template: at least the dwelling"
        " and the name."
    ),
    "no_headings_csv": _(
        "No line of the file has headings that we know. Name the columns as in the template: at least the dwelling and"
        " the name."
    ),
    "wrong_sheet": _(
        "No sheet has headings that we know. There are: %(sheets)s. Is this the right file? Name the columns as in the"
        " template."
    ),
    "several_sheets": _(
        "More than one sheet has headings that fit: %(sheets)s. Write below which one you mean, and send the others"
        " afterwards."
    ),
    "no_such_sheet": _("There is no sheet called “%(sheet)s”. There are: %(sheets)s."),
    "headed_alike": _(
        "Two columns of “%(sheet)s” say the same: “%(first)s” and “%(second)s”. Keep one of them, or rename the other."
    ),
    "encoding": _("The characters of this file cannot be read. Save it as .xlsx, or as CSV in UTF-8."),
    "delimiter": _(
        "The columns of this file are not parted by commas, semicolons or tabs. Save it as .xlsx, or as CSV with commas."
    ),
}

# Why an import cannot go on as it stands.
STANDSTILLS: Words = {
    "another_runs": _("Another import is running here. Wait until it has finished, then send yours."),
    "no_cards": _(
        "Your role does not include handing out cards and opening gates. Leave out the column of cards, or ask a"
        " colleague who may."
    ),
    "not_planned": _("This list was written, dropped or forgotten already."),
    "not_applied": _("There is nothing here to be undone."),
    "too_late": _(
        "A list can be undone for six days. After that, where somebody lives ends as for everybody: at the desk, one by one."
    ),
    "later_first": _("Another list was written after this one. Undo that one first."),
}

# Why a line was refused.
REASONS: Words = {
    "no_dwelling": _("No dwelling: write building and number, for example 1-1-101."),
    "dwelling_unreadable": _(
        "The dwelling cannot be read: write it as 1-1-101, or building and number apart."
    ),
    "dwelling_unknown": _(
        "There is no such dwelling here. Is it mistyped? If it is missing, bring in the list of dwellings first, or tick"
        " “make dwellings that are missing”."
    ),
    "became_a_date": _(
        "The spreadsheet has turned this number into a date. Format the column as text and type the number again."
    ),
    "no_name": _("A phone or a card without a name: whose is it?"),
    "name_unreadable": _("This does not read like a name."),
    "name_too_long": _("The name is longer than 100 characters."),
    "phone_unreadable": _("The phone cannot be read: write it in digits, or leave it empty."),
    "number_cut": _(
        "The spreadsheet has cut this number short. Format the column as text and type the number again."
    ),
    "date_unreadable": _("The date cannot be read: write it as 2024-03-05."),
    "area_unreadable": _("The area cannot be read: write square metres, for example 89.5."),
    "area_differs": _("Another line gives this dwelling another area. Which one is right?"),
    "tenure_unknown": _(
        "“As what” is not understood: write owner, family, tenant, subtenant or live-in helper."
    ),
    "lives_unreadable": _("Whether they live here is not understood: write yes or no."),
    "neither_lives_nor_owns": _("Neither lives here nor owns the dwelling: nothing to write down."),
    "cell_too_long": _("A cell of this line is longer than 300 characters."),
    "formula_without_value": _(
        "A cell holds a formula that was never worked out. Open the file once in your spreadsheet, save it, and send it"
        " again."
    ),
    "cell_error": _("A cell shows an error, such as #REF!. Correct it and send the list again."),
    "twice": _("The same person is on the list twice for this dwelling; the first line counts."),
    "twice_differs": _(
        "The same name is on the list twice and the lines contradict each other. If they are two people, write how they"
        " differ after the name."
    ),
    "ambiguous": _("Two people of this name are on the register here; only a phone could tell them apart."),
    "card_unreadable": _("This is no card number as cards are written here."),
    "card_of_two": _("Two people on the list have this card. Whose is it?"),
    "card_taken": _("This card belongs to somebody else here. End it there first, or correct the number."),
    "moved_out": _(
        "The register says that this person has moved out. A list moves nobody back in: do it at the desk."
    ),
    "owns_no_more": _(
        "The register says that this person no longer owns the dwelling. Change it at the desk if that is wrong."
    ),
}

# What was left out of a line, or should be known.
NOTES: Words = {
    "identity_dropped": _("identity number left out, and kept nowhere"),
    "phone_placeholder": _("phone left empty: it was typed to fill the field"),
    "phone_more": _("the first of several phones"),
    "phone_shared": _("phone shared with others on this list"),
    "guardian_votes": _("owner under 18: a guardian votes"),
    "tenure_assumed": _("as what they live here is not said: family, if new"),
    "no_way_in": _("no card: has no way in yet, give a card or lend a PIN at the desk"),
    "born_theirs": _("date of birth left as it is: they have an account, and decide for themselves"),
    "born_decided_by": _("date of birth left as it is: something was decided by it. Ask the family first"),
    "born_not_kept": _("date of birth of an adult left out"),
}

# What stayed when an import was undone, and why.
LEFT: Words = {
    "used_account": _("stays: has opened an account since"),
    "used_card": _("stays: was given another card or PIN since"),
    "used_home": _("stays: where they live or what they own was changed since"),
    "home_account": _("dwelling stays theirs: whoever has an account moves out themselves, or at the desk"),
    "used_otherwise": _("stays: something else was written down about them since"),
    "used_dwelling": _("dwelling stays: something else hangs on it since"),
    "used_building": _("building stays: it has dwellings since"),
    "decided_since": _("date of birth stays: something was decided by it since"),
    "changed_since": _("stays as it is: it was changed again since"),
    "card_told": _("card ended; its number stays as a digest until the gates have dropped it"),
    "card_changed": _("card stays as it is: it was ended or lent since"),
    "card_only_way": _("card stays: it is their only way in"),
    "gate_used": _("gate stays open for the dwelling: somebody there was given a way in since"),
    "tombstone": _("person gone; an empty entry stays for what must not be unwritten"),
}
