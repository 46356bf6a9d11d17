"""An agent and its little site; each test tells what they say to each other."""

import pytest

from gate.agent import Agent
from gate.store import Store
from tests.gate.site import Site


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def unpaired(tmp_path):
    agent = Agent(Store(tmp_path / "state"))
    yield agent
    agent.close()


@pytest.fixture
def agent(site, unpaired):
    unpaired.pair(server=site.address, code="CODE-1")
    return unpaired
