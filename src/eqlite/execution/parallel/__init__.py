"""A run shared out to several processes."""
