"""A vault from before there were epochs: its keys go on opening, are wrapped anew, and its tombstones stay what they were."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command

from portal import embedded, roles
from tests.databases import pointed_at
from tests.vault.conftest import places as places  # the fixture
from vault import canary, epochs, keys, rotation, wrapping
from vault.models import Epoch, Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NAME = "linmen_vault_of_before"


@pytest.fixture
def before(places) -> Iterator[None]:
    """Migrated as far as an older release went, with its canary."""
    with embedded.connect(settings.VAR) as cluster:
        roles.create_database(cluster, NAME)
        try:
            with embedded.connect(settings.VAR, NAME) as inside:
                roles.open_schema(inside)
            with pointed_at({"vault": NAME}):
                call_command("migrate", "vault", "0003", verbosity=0, skip_checks=True)
                yield
        finally:
            cluster.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.mark.obligation("9", "23")
def test_its_keys_open_before_and_after_they_are_wrapped_anew(before, app_sql):
    held = {uuid4(): bytes([number]) * 32 for number in range(3)}
    for id, plain in held.items():
        subject = uuid4()
        wrapped = wrapping.root().wrap(plain, aad=keys.row_name(id=id, subject=subject, purpose="contact"))
        app_sql("vault").execute(
            "INSERT INTO vault_key (id, subject, purpose, wrapped) VALUES (%s, %s, 'contact', %s)",
            [id, subject, wrapped],
        )
    [gone, *_] = held
    app_sql("vault").execute(
        "UPDATE vault_key SET wrapped = NULL, destroyed_at = now() WHERE id = %s", [gone]
    )
    del held[gone]

    call_command("migrate", "vault", verbosity=0, skip_checks=True)
    canary.opens()
    assert keys.unwrapped(held) == held
    with pytest.raises(epochs.NoEpoch):
        keys.ensure(id=uuid4(), subject=uuid4(), purpose="contact")
    assert rotation.turn() == rotation.Turn(), (
        "the first epoch is opened by a person, who knows where its salt is meant to be"
    )
    call_command("epochs", "open")
    assert keys.unwrapped(held) == held
    done = rotation.turn()
    assert (done.wrapped, done.stuck, done.retired) == (2, [], [0])

    assert keys.unwrapped(held) == held
    assert set(Key.objects.filter(id__in=held).values_list("epoch", "first_epoch")) == {(1, 0)}
    assert keys.state(gone) is keys.State.DESTROYED
    assert list(Epoch.objects.order_by("number").values_list("number", flat=True)) == [0, 1]
    assert epochs.final_on([gone])[gone].copies_before == Key.objects.get(id=gone).destroyed_at
    keys.ensure(id=uuid4(), subject=uuid4(), purpose="contact")
    call_command("migrate", "vault", verbosity=0, skip_checks=True)
    assert rotation.turn(now=True).retired == [1]
    assert keys.unwrapped(held) == held
