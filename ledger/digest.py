"""The newest checkpoint by mail, to people who keep it where the operator cannot reach it. Nothing personal is in it."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from ledger import checkpoints

log = logging.getLogger(__name__)

# One mail for everybody on the list: both languages, one after the other.
LANGUAGES = ("zh-hans", "en")


def send() -> int:
    """To how many it went. None where nobody asked for it, or there is nothing to send yet."""
    newest = checkpoints.newest()
    if newest is None or not settings.LEDGER_DIGEST_TO:
        return 0
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(
                _(
                    "This is the newest checkpoint of the record that nobody can secretly change. Keep this mail. If"
                    " the record is ever changed, or something is taken out of it, it cannot agree with this checkpoint"
                    " any more, and anybody who kept it can show that."
                )
            )
    with translation.override(LANGUAGES[0]):
        subject = _("Checkpoint %(size)d of %(origin)s") % {
            "size": newest.size,
            "origin": settings.LEDGER_ORIGIN,
        }
    body = "\n\n".join([*said, checkpoints.note(newest), str(checkpoints.key())])
    # Each gets one of their own: nobody sees who else keeps it, and one that bounces keeps no other.
    return sum(_sent(EmailMessage(subject, body, to=[address])) for address in settings.LEDGER_DIGEST_TO)


def _sent(mail: EmailMessage) -> bool:
    try:
        return bool(mail.send())
    except (SMTPException, OSError) as error:
        # By name only: the message can hold the address.
        log.error("a digest was not sent: %s", type(error).__name__)
        return False
