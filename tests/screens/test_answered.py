"""The page of how well each body answered: for everybody who lives here, and for nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from committees.models import Committee

PATH = "/service/answered/"


@pytest.mark.obligation("27", "31")
def test_a_resident_reads_it_and_nobody_is_in_it(here, resident, clerk):
    client = Client(headers={"accept-language": "en"})
    client.force_login(resident.user)
    page = client.get(PATH).content.decode()
    assert "How well they answered" in page
    assert "Property company" in page
    assert "nothing was asked" in page
    assert resident.name not in page
    assert clerk.username not in page.replace("clerk of", "")
    assert PATH in client.get("/committee/").content.decode()


def test_nobody_from_elsewhere_reads_it(here, stranger, clerk):
    assert Client().get(PATH).status_code == 302
    client = Client(headers={"accept-language": "en"})
    client.force_login(stranger.user)
    page = client.get(PATH).content.decode()
    assert "Willow Bank" not in page
    assert not Committee.objects.filter(neighborhood=stranger.neighborhood).exists()
    assert "Property company" not in page
