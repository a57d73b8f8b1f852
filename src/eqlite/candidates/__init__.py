"""An index of many conditions by their requirements of single fields. It finds the candidates for an event."""
