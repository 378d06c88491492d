"""The pages of monitoring in the console."""

from monitoring.admin import alert as _alert  # noqa: F401
from monitoring.admin import notification as _notification  # noqa: F401
from monitoring.admin import report as _report  # noqa: F401
from monitoring.admin import round as _round  # noqa: F401
from monitoring.admin import system_card as _system_card  # noqa: F401
