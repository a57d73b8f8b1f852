"""Which of many conditions an event can meet: by what each requires of single fields."""
