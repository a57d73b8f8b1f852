"""Running many rules over events."""
