"""An index of many conditions by what each requires of single fields. It finds the candidates for an event."""
