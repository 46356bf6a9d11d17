"""What an earlier version left on the device's disk goes on where it was."""

import sqlite3

from gate.agent import Agent
from gate.decide import Reason
from gate.store import FILE_NAME, Store
from tests.gate.passing import pull_the_plug

CARD = "04A2B3C4"
NUMBER, PIN, OTHER = "48213", "482915", "739155"


def _as_version_1(folder):
    """What version 1 wrote, by its own schema."""
    db = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    db.executescript(
        """
        BEGIN;
        DROP TABLE spent; DROP TABLE keypads; DROP INDEX rows_by_number;
        ALTER TABLE rows DROP COLUMN number; ALTER TABLE rows DROP COLUMN verifier;
        ALTER TABLE rows DROP COLUMN once; ALTER TABLE rows DROP COLUMN holder; ALTER TABLE events DROP COLUMN digest;
        UPDATE facts SET name = 'face_offline_hours' WHERE name = 'offline_hours';
        PRAGMA user_version = 1;
        COMMIT;
        """
    )
    db.close()


def test_a_store_of_version_1_goes_on_where_it_was(site, agent):
    card = site.give_card(CARD)
    pin = site.give_pin(NUMBER, PIN)
    agent.sync()
    agent.show_card(CARD)
    pull_the_plug(agent)
    _as_version_1(agent._store.folder)

    again = Agent(Store(agent._store.folder))
    assert again.status()["cards"] == 1
    assert again.show_card(CARD).credential == card  # at once, without asking anybody
    assert again._store.fact("offline_hours") == 24
    assert again.status()["pending_events"] == 2
    assert again.show_pin(NUMBER + PIN).reason is Reason.WRONG_PIN
    again.sync()  # version 1 had thrown the PIN's row away; a snapshot brings it, under the same version
    assert again.show_pin(NUMBER + PIN).credential == pin
    assert site.receipts == []
    again.close()
