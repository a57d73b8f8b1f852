"""Many conditions asked at once, for rule sets: each test at most once per event, and only where it decides."""
