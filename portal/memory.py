"""What a process holds in memory (plain keys, pictures) is not written out when it crashes."""

from __future__ import annotations

import resource


def keep_out_of_core_files() -> None:
    """For this process and all that it forks."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
