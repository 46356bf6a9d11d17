"""What `make demo` tells its visitor, kept so that a second start tells it again."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from portal import places
from portal.demo import pictures
from portal.demo.community import PASSWORD

WELCOME = """
Sign in at {url}/sign-in/ (choose 中文 or English there first). The password of every account: {password}
  resident   沈兰, of 采菱苑 1 幢 201; has a card, and has decided nothing about her face
  neighbor   余青, next door; said yes, and is being enrolled right now
  chair      何建国, chairs the owners' committee, and lives there too
  clerk      works for the property company, at the desk
  manager    of the same company; reviews what clerk pressed, and confirms a lock-down
  secretary  of the owners' committee; wrote why faces may be used, and the chair confirmed it
  treasurer  of the owners' committee, until next week: hands over what is left
  auditor    of the residents' committee; its residents-chair and residents-clerk hold what a court wants kept
  wei        魏长河; said yes to his face, thought again, and has the certificate of what was deleted
  ding       丁香; reads why something of hers is kept for a while, and until when
  clerk2     works for the property company of 半枫里, another neighborhood, which takes no faces
Staff work at {url}/desk/, with every list at {url}/admin/
Mail and text messages are sent to nobody; they lie in {messages}

Letters nobody has used yet, to open an account at {url}/claim/
{letters}

To try: sign in as `resident`, say yes to face entry, enrol with resident-1.jpg and resident-2.jpg (drawn by code) from
{photos},
watch her come to the South Gate (tail -f {log}),
then stop and delete, and see each place confirm. README.md has the whole tour.
"""


def write(letters: Mapping[str, str]) -> None:
    """`{url}` stays: the supervisor knows it."""
    text = WELCOME.format(
        url="{url}",
        password=PASSWORD,
        letters="\n".join(f"  {name}   {code}" for name, code in letters.items()),
        photos=pictures.folder(),
        messages=settings.MESSAGE_FOLDER,
        log=settings.VAR / "log" / "gate-south.log",
    )
    (places.make_private(settings.VAR / "demo") / "welcome.txt").write_text(text, encoding="utf-8")
