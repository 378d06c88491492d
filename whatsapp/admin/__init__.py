"""The pages of WhatsApp in the console, one file each."""

from carinho.discovery import import_modules

import_modules(__name__)
