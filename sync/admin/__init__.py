"""Sincronizações: the jobs, their runs, and the records that failed or differ, one file each."""

from carinho.discovery import import_modules

import_modules(__name__)
