"""The pages of monitoring in the console."""

from monitoring.admin import alert, report, round  # noqa: F401
