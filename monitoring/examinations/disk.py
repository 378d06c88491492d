"""There is room where the hub writes."""

import shutil
from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.embedded import preflight
from carinho.embedded.preflight import CannotStart
from carinho.finding import Finding
from monitoring.doctor import examination


@examination(gettext_lazy("Disco"))
def disk() -> Iterator[Finding]:
    try:
        preflight.room_to_write(settings.VAR_DIR)
    except CannotStart as error:
        yield Finding(False, str(error))
        return
    free = shutil.disk_usage(settings.VAR_DIR).free / 2**30
    yield Finding(
        True, _("Em %(folder)s há %(free).1f GB livres.") % {"folder": settings.VAR_DIR, "free": free}
    )
