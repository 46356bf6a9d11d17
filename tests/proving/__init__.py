"""`make prove`: takes each guard of docs/obligations.toml away, and sees whether a test that carries the id fails."""
