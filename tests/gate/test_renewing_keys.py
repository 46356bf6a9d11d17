"""An agent takes new keys; cut off wherever it may be, it goes on, and every face it holds still opens."""

import shutil

import numpy as np
import pytest

from gate import keys, renewing, sealing
from gate.agent import Agent
from gate.store import Store

CARD = "04:A2:B3:C4:D5:E6:F7"
FACE = np.linspace(-0.2, 0.2, 128)


def opened(agent) -> list:
    store = agent._store
    return [
        sealing.open_template(
            sealed=row.sealed,
            key=keys.own(store)[1],
            device=store.fact("device"),
            credential=row.credential,
            version=row.sealed_version,
        )
        for row in store.faces()
    ]


@pytest.fixture
def holding(site, agent):
    site.give_card(CARD)
    site.give_face(FACE)
    agent.sync()
    return agent


def test_it_goes_by_new_keys_and_loses_nothing(site, holding):
    agent = holding
    before, (sealed,) = keys.own(agent._store)[0], [row.sealed for row in agent._store.faces()]
    agent.renew_keys()
    agent.sync()
    assert agent.trouble is None
    assert keys.own(agent._store)[0].private_bytes_raw() != before.private_bytes_raw()
    assert site.device_key.public_bytes_raw() == keys.own(agent._store)[0].public_key().public_bytes_raw()
    assert opened(agent) == [pytest.approx(FACE, abs=1e-6)]
    assert sealed not in agent._store.raw_bytes()
    assert agent.show_card(CARD).open
    assert [path for _, path, _ in site.asked].count("keys") == 1
    fresh = site.give_face(FACE[::-1])  # sealed to the new key
    agent.sync()
    assert agent._store.face(fresh)
    assert len(opened(agent)) == 2


@pytest.mark.parametrize("cut", ["before it was heard", "after it was heard", "before it was kept"])
def test_cut_off_it_goes_on(site, holding, tmp_path, monkeypatch, cut):
    agent = holding
    honest = site.do_keys
    if cut == "before it was kept":
        monkeypatch.setattr(Store, "seal_anew", lambda *_, **__: 1 / 0)
        agent.renew_keys()
        with pytest.raises(ZeroDivisionError):
            agent.sync()
        monkeypatch.undo()
    else:

        def broken(asked, body):
            if cut == "after it was heard":
                honest(asked, body)
            return 503, site.problem("unavailable")

        site.do_keys = broken
        agent.renew_keys()
        agent.sync()
        assert agent.trouble
        site.do_keys = honest
    assert renewing.is_under_way(agent._store)
    assert agent.show_card(CARD).open  # meanwhile too
    folder = shutil.copytree(agent._store.folder, tmp_path / "after the cut")
    again = Agent(Store(folder))
    again.sync()
    assert again.trouble is None
    assert not renewing.is_under_way(again._store)
    assert opened(again) == [pytest.approx(FACE, abs=1e-6)]
    assert again.show_card(CARD).open
    again.close()


def test_a_face_that_could_not_be_opened_before_is_lost_and_said_to_be(site, holding):
    agent = holding
    with agent._store._transaction() as db:
        db.execute("UPDATE rows SET sealed = zeroblob(600) WHERE kind = 'face'")
    agent.renew_keys()
    agent.sync()
    assert agent.trouble is None
    assert agent.status()["faces_missing"] == 1
    assert [path for _, path, _ in site.asked].count("feed") == 2  # nothing is asked for anew


def test_what_was_sealed_before_is_searched_for_when_the_face_is_erased(site, holding):
    agent = holding
    [face] = agent._store.faces()
    agent.renew_keys()
    agent.sync()
    site.drop(face.credential)
    agent.sync()
    assert agent.status()["unproven_erasures"] == 0
    assert [receipt["credential"] for receipt in site.receipts] == [face.credential]
    assert face.sealed[:16] not in agent._store.raw_bytes()


def test_a_page_for_the_old_keys_is_not_kept(site, holding, monkeypatch):
    """It was on its way while the keys changed."""
    agent = holding
    honest = site.do_feed

    def meanwhile(asked, body):
        answer = honest(asked, body)
        site.do_feed = honest
        agent._store.remember(signing_key=b"7" * 32)
        return answer

    site.do_feed = meanwhile
    site.give_face(FACE)
    agent.sync()
    assert "signature-wrong" in agent.trouble  # the site knows nothing of such a key
    assert len(agent._store.faces()) == 1
