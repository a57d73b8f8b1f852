"""Other programs that eqlite talks to, each behind an extra of its own."""
