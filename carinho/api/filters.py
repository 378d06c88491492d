"""Bounds of lists by moments: refused unless PostgreSQL can hold them, kept in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField

LARGEST_OFFSET = timedelta(hours=16)  # PostgreSQL knows none as large; on Earth it is 14 hours
IMPOSSIBLE = _("Este momento não existe.")


def possible(moment: datetime) -> datetime | None:
    """The moment in UTC; None for one that cannot be."""
    if abs(moment.utcoffset() or timedelta()) >= LARGEST_OFFSET:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


class MomentFormField(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        given = super().to_python(value)
        if given is None:
            return None
        moment = possible(given)
        if moment is None:
            raise ValidationError(str(IMPOSSIBLE))
        return moment


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A bound of a list, as ISO 8601."""

    field_class = MomentFormField
