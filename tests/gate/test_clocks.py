"""An agent's clock may be years off, and the site may be silent for long: what opens then, and what does not."""

from datetime import UTC, datetime, timedelta

from gate.decide import Reason
from tests.gate import pictures
from tests.gate.passing import restarted
from tests.gate.pictures import drawn

CARD = "04:A2:B3:C4:D5:E6:F7"


def test_it_signs_by_the_sites_clock_when_its_own_is_a_year_off(site, agent):
    site.time_off = 365 * 86400
    site.give_card(CARD)
    agent.sync()
    assert agent.trouble is None
    agent.show_card(CARD)
    agent.sync()
    (event,) = site.events.values()
    assert abs(datetime.fromisoformat(event["at"]).timestamp() - site.now()) < 60


def test_it_remembers_the_difference_after_a_restart(site, agent):
    site.time_off = -400 * 86400
    agent.sync()
    again = restarted(agent)
    before = len(site.asked)
    again.sync()
    assert [act for _, act, _ in site.asked[before:]] == ["feed", "events"], "nothing was asked twice"
    again.close()


def test_a_clock_that_lost_its_time_stops_faces_and_no_card(site, agent):
    site.time_off = 40 * 365 * 86400  # as if the device had fallen back by 40 years
    site.give_card(CARD, windows=[dict(_window(), valid_from=_iso(site, days=-1))])
    site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    agent._store.remember(clock_offset=0.0)
    again = restarted(agent)
    assert again.show_card(CARD).open
    assert again.show_photo(drawn(0, 2)).reason is Reason.FACES_TOO_LONG_OFFLINE
    again.sync()
    assert again.show_photo(drawn(0, 2)).open
    again.close()


def _window():
    return {"valid_until": None, "days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "00:00"}


def _iso(site, *, days):
    return (datetime.fromtimestamp(site.now(), UTC) + timedelta(days=days)).isoformat()


def test_faces_end_with_their_offline_life_and_cards_do_not(site, agent):
    site.give_card(CARD)
    site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    agent._site.last_sync -= timedelta(hours=25)
    assert agent.show_photo(drawn(0, 2)).reason is Reason.FACES_TOO_LONG_OFFLINE
    assert agent.show_card(CARD).open


def test_a_gate_that_uses_no_faces_never_looks_at_one(site, agent):
    site.methods = ["card"]
    agent.sync()
    assert agent.show_photo(b"not even a picture").reason is Reason.FACES_NOT_USED_HERE
