"""The recipient's whole way in a browser, with the tools that it has: a letter, a key, a link, age, and a signature."""

from __future__ import annotations

import csv
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from residents.models import Neighborhood, User
from sharing import answering, copying, disclosing, joining, reaching, recipient_keys, requesting
from sharing.models import Confirmation, Copy, Recall, Recipient
from tests import make
from tests.cast import PASSWORD
from tests.screens.test_in_a_browser import Visit, site  # noqa: F401  (a fixture)
from tests.sharing.passing import its_time_passes

TOOLS = [each for each in ("age", "ssh-keygen") if shutil.which(each) is None]


def typed(command: str, folder: Path) -> str:
    """What somebody sees who pastes it into a terminal in this folder."""
    shell = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert shell.returncode == 0, shell.stderr
    return shell.stdout


def commands(visit: Visit) -> list[str]:
    return [str(each) for each in visit.page.locator(".command").all_text_contents()]


def _signs(visit: Visit, folder: Path) -> None:
    [command] = [each for each in commands(visit) if "-Y sign" in each]
    visit.fill(signature=typed(command, folder))


@pytest.mark.slow
@pytest.mark.skipif(bool(TOOLS), reason=f"not installed: {', '.join(TOOLS)}")
@pytest.mark.obligation("9", "28")
@pytest.mark.parametrize(("width", "language", "scripts"), [(390, "zh-CN", False), (1280, "en-US", True)])
def test_from_the_letter_to_the_signed_deletion(
    site,  # noqa: F811
    here: Neighborhood,
    resident,
    clerk: User,
    chair: User,
    tmp_path: Path,
    width: int,
    language: str,
    scripts: bool,
):
    at = timezone.now()
    recipient = Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")
    code = joining.invite(recipient=recipient, by=clerk, at=at).code
    visit: Visit = site(width=width, language=language, scripts=scripts, axe=scripts)

    visit.open("/recipient/join/")
    visit.look()
    visit.fill(code=code, username="water", password1=PASSWORD, password2=PASSWORD)
    visit.press("main form button")
    assert visit.path() == "/recipient/"
    visit.look()

    visit.press("main a[href='/recipient/key/']")
    visit.look()
    making, showing = commands(visit)
    typed(f"{making} -N '' -q", tmp_path)  # without the question for a password
    visit.fill(public=typed(showing, tmp_path))
    visit.press("main form button")
    visit.look()
    _signs(visit, tmp_path)
    visit.press("main form button")
    assert visit.path() == "/recipient/"
    visit.look()
    key = recipient_keys.key_of(recipient)
    assert key is not None
    expect(visit.page.locator(".big-figure")).to_have_text(recipient_keys.spoken(key))
    assert key.fingerprint in typed(commands(visit)[0], tmp_path)
    heard = visit.page.locator(".big-figure").inner_text()
    recipient_keys.confirm(key=key, heard=heard, by=chair, at=at)

    copy = _agreed(recipient, resident, clerk, chair)
    token = reaching.link(copy=copy, by=clerk, at=timezone.now()).token
    visit.open(f"/recipient/files/{token}/")
    visit.look()
    visit.page.check("[name=format][value=csv]")
    _signs(visit, tmp_path)
    visit.fill(password=PASSWORD)
    decrypting = next(each for each in commands(visit) if each.endswith(".csv.age"))
    with visit.page.expect_download() as coming:
        visit.page.locator("main form button").click()
    coming.value.save_as(tmp_path / coming.value.suggested_filename)
    typed(decrypting, tmp_path)
    [opened] = tmp_path.glob("*.csv")
    *_head, row = csv.reader(opened.read_text("utf-8-sig").splitlines())
    assert row[0] == resident.name
    visit.open(f"/recipient/files/{token}/")
    expect(visit.page.locator("[role=alert]")).to_be_visible()
    visit.look()

    answering.answer(
        request=copy.disclosure.request, resident=resident, fields=[], actor=resident.user, at=timezone.now()
    )
    visit.open("/recipient/")
    visit.press("main .rows a")
    expect(visit.page.locator("main ul.code li")).to_have_text(row[-1])
    assert resident.name not in visit.page.content()
    visit.look()
    _signs(visit, tmp_path)
    visit.press("main form button")
    visit.look()
    assert Confirmation.objects.get().recall == Recall.objects.get()
    assert visit.page.locator("[name=signature]").count() == 0


def _agreed(recipient: Recipient, resident, clerk: User, chair: User) -> Copy:
    """They said yes, and their time to say so is over."""
    at = timezone.now()
    drafted = requesting.draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水到户",
        purpose_en="Delivering water to the door",
        fields=["name", "dwelling"],
        retention_days=30,
        deadline=at + timedelta(days=7),
        by=clerk,
        at=at,
    )
    asked = requesting.put_to_residents(request=make.read_by_two(drafted, at=at), by=chair, at=at)
    fields = ["name", "dwelling"]
    answering.answer(request=asked, resident=resident, fields=fields, actor=resident.user, at=at)
    its_time_passes(asked)
    disclosure = disclosing.release(request=asked, by=chair, at=timezone.now())
    copying.work(disclosure=disclosure.pk, at=timezone.now())
    return Copy.objects.get(disclosure=disclosure, state=Copy.State.READY)
