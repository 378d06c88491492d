"""One file per examination: found by discovery, printed by `manage.py doctor`."""
