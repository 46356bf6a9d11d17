"""What of people no clock ends, and why it stays. What goes by itself is `retention`."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from residents.keeping import Kept

KEPT: Sequence[Kept] = (
    Kept(
        what=_("Name, dwelling and, if you gave one, your phone number"),
        why=_(
            "The register of who lives here and who owns what. A name is enough; no identity number is kept."
        ),
        until=_("As long as you live or own here, or until you have it deleted."),
        covers=(
            "residents.Resident",
            "residents.User",
            "residents.Building",
            "residents.Unit",
            "residents.Neighborhood",
        ),
    ),
    Kept(
        what=_(
            "What you chose to sign in with: one-time codes, recovery codes, passkeys; and when wrong codes were last typed after your password"
        ),
        why=_(
            "To know that it is you. The secret of the codes is sealed under a key of its own; of passkeys only the half"
            " that opens nothing is here. Nothing of your face or finger is in them."
        ),
        until=_("Until you switch it off or remove it, or your account ends."),
        covers=("residents.SecondStep", "residents.RecoveryCode", "residents.Passkey"),
    ),
    Kept(
        what=_(
            "Who lived where and when, notices to leave and answers to them, guardians, named helpers, deaths"
        ),
        why=_(
            "So that nobody is moved out without their word, and each step can be looked at and put right."
        ),
        until=_(
            "As long as you are on the register; they go with the rest once you have left and the grace is over."
        ),
        covers=(
            "residents.Occupancy",
            "residents.MoveOut",
            "residents.Departure",
            "residents.Death",
            "residents.Guardianship",
            "residents.Helper",
        ),
    ),
    Kept(
        what=_(
            "In which ways you want to be told that something waits, and the mail address you gave for it"
        ),
        why=_(
            "So that you are told as you chose, and not otherwise. The address is encrypted and opens no account."
        ),
        until=_(
            "Until you change it or take the address away; all of it goes when you do not live here any more."
        ),
        covers=("residents.Wish", "residents.MailAddress"),
    ),
    Kept(
        what=_("What you decided about requests of relatives after your death"),
        why=_("So that it is honoured when you can no longer say it."),
        until=_("Until you take it back, and then as a line that it was so; it goes when you are deleted."),
        covers=("residents.Instruction",),
    ),
    Kept(
        what=_("That you asked about your data, when, and whether it was done or refused"),
        why=_("It is your proof, so nobody can delete or change it. What you wrote is not in it."),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=("residents.RightsRequest",),
    ),
    Kept(
        what=_("That a list was brought in, by whom, when, and how many lines"),
        why=_(
            "So that it can be said later where entries of the register came from. The lines are gone by then."
        ),
        until=_("For good."),
        covers=("residents.Import",),
    ),
    Kept(
        what=_("Who of the staff viewed your details or did something for you, when and why"),
        why=_(
            "It is your proof, so nobody can delete it, the operator included. The law asks for records of use to be"
            " kept (six months for network logs, three years for what is given to others) and sets no longest time."
        ),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=(
            "residents.LookUp",
            "residents.Approval",
            "residents.Emergency",
            "residents.EmergencyReview",
            "residents.DeskAct",
        ),
    ),
    Kept(
        what=_(
            "That something unusual was done or tried with people’s data, by which account, and who has read it"
        ),
        why=_(
            "So that misuse comes to light, and nobody can hide it afterwards. It holds numbers, no name and no words."
        ),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=("residents.Alarm", "residents.AlarmRead"),
    ),
    Kept(
        what=_("That somebody vouched for one of the staff who had lost the second step of signing in"),
        why=_("So that it can be said later who let somebody back to people’s data. No resident is in it."),
        until=_("For good."),
        covers=("residents.Vouching",),
    ),
    Kept(
        what=_("Which reader or recipient will never confirm a deletion, who of the staff said so, and why"),
        why=_(
            "So that nobody is told that something is gone where nobody knows. No resident is named in it."
        ),
        until=_("For good."),
        covers=("residents.Closing",),
    ),
    Kept(
        what=_("When a backup was made, when it was seen gone, and whether one was ever put back"),
        why=_(
            "So that what was deleted can be said to be in no backup any more. It holds nothing about anybody."
        ),
        until=_("For good."),
        covers=("residents.Backup", "residents.Restoration"),
    ),
    Kept(
        what=_("The record nobody can secretly change"),
        why=_(
            "For each act a check number and the time, and what holds these together, so that your slip can still be"
            " checked. Names, words and pictures are never in it."
        ),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=(
            "ledger.Entry",
            "ledger.Waiting",
            "ledger.Leaf",
            "ledger.Tile",
            "ledger.Checkpoint",
            "ledger.Witness",
            "ledger.Cosignature",
        ),
    ),
    Kept(
        what=_("The keys that sealed data is read with"),
        why=_(
            "A key lives as long as what it opens; then it is destroyed and only its number stays, so that it cannot come back."
        ),
        until=_("Until what it opens has to go."),
        covers=("vault.Key", "vault.Canary", "vault.Epoch"),
    ),
)
