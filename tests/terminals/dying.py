"""`python -m tests.terminals.dying WHEN NUMBER …`: the gateway, killed just before or after its NUMBERth commit; 0 is never."""

import functools
import itertools
import os
import signal
import sqlite3
import sys

from gate.terminals.__main__ import main

WHEN, NUMBER = sys.argv[1], int(sys.argv[2])
commits = itertools.count(1)


class Mortal(sqlite3.Connection):
    def execute(self, sql, *parameters):
        if sql != "COMMIT":
            return super().execute(sql, *parameters)
        this = next(commits)  # there are threads
        if this == NUMBER and WHEN == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = super().execute(sql, *parameters)
        if this == NUMBER and WHEN == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return done


if __name__ == "__main__":
    sqlite3.connect = functools.partial(sqlite3.connect, factory=Mortal)
    sys.exit(main(sys.argv[3:]))
