"""How fast eqlite is, measured: `python -m benchmarks`. See README.md."""
