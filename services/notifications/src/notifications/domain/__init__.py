"""Rules of notices, mail and real-time messages; nothing here does I/O."""
