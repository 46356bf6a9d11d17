"""What things cost, measured side by side in one run. `make bench`; see README.md here."""
