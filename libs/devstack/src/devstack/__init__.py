"""The soko command: embedded stack, demo data, bench."""
