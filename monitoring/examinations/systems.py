"""Each system answers at its address; what it does there is for `manage.py conformance` to find out."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from carinho.services import addresses
from carinho.services.base import Service
from monitoring import address_checks
from monitoring.doctor import examination


@examination(gettext_lazy("Endereços dos sistemas"))
def systems() -> Iterator[Finding]:
    urls, simulated = addresses.of_systems(), addresses.simulated()
    for name, answer in address_checks.answers(urls).items():
        values = {"system": Service.registry[name].label, "url": urls[name], "reason": answer}
        if isinstance(answer, str):
            yield Finding(False, _("%(system)s não responde em %(url)s: %(reason)s.") % values)
        elif name in simulated:
            yield Finding(True, _("%(system)s é o simulador, em %(url)s.") % values)
        else:
            yield Finding(True, _("%(system)s responde em %(url)s.") % values)
