"""Read by Python before anything else, in every process of a run of `make prove`: see tests/proving/absence.py."""

from tests.proving import absence

absence.begin()
