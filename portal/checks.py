"""What a start refuses: registered for every start, not only for `check --deploy`."""
