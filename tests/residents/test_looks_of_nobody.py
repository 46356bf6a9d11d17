"""The settings lower how often one may look as far as to nobody: that is a refusal in words, and no error."""

from __future__ import annotations

import pytest

from residents import lookups
from residents.models import LookUp


@pytest.mark.obligation("27")
@pytest.mark.parametrize("most", [0, -1])
def test_where_nobody_may_look_nobody_does(resident, clerk, now, settings, most):
    settings.LOOKS_AN_HOUR = most
    with pytest.raises(lookups.LooksSpent):
        lookups.look_up(resident=resident, by=clerk, reason="x", capacity="", at=now)
    assert not LookUp.objects.exists()
