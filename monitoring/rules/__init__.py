"""One file per rule: found by discovery, listed by `manage.py alerts`."""
