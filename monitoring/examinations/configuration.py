"""What `manage.py check` says of the settings; on a server what `check --deploy` says, too."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import run_checks
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from monitoring.doctor import examination


@examination(gettext_lazy("Configuração"))
def configuration() -> Iterator[Finding]:
    problems = [
        problem
        for problem in run_checks(include_deployment_checks=not settings.DEMO)
        if not problem.is_silenced()
    ]
    for problem in problems:
        yield Finding(False, " ".join(filter(None, [problem.msg, problem.hint])))
    if not problems:
        yield Finding(True, _("Segredos, endereços e limites podem funcionar."))
