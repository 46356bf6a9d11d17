"""What the tests of counting have in common: handing in, counting after the last day, and counting again at home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from committees import balloting, counting, recount
from tests.committees.voting import head_of, is_over

PROGRAM = Path(recount.__file__)


def cast(meeting, answers, *who, now):
    return balloting.cast(
        head=head_of(meeting, *who), resident=who[0], answers=answers, by=who[0].user, at=now
    )


def counted(of, meeting, *, now):
    return counting.count(meeting=is_over(meeting, at=now), minutes="计票记录", by=of.clerk, at=now)


def at_home(result, tmp_path, *also, change=None) -> subprocess.CompletedProcess[str]:
    """In a process that knows nothing of Linmen, from another folder, without any package."""
    published = "" if result is None else result.published
    content = published if change is None else change(published)
    (tmp_path / "count.json").write_text(content, encoding="utf-8")
    (tmp_path / "recount.py").write_bytes(PROGRAM.read_bytes())
    return subprocess.run(
        [sys.executable, "-I", "-S", "recount.py", "count.json", *also],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
