"""Pages of a table that grows: counted no further than an operator will ever leaf."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property

LIMIT = 10_000


class CappedPaginator(Paginator):
    """Counts at most `LIMIT` rows, so that no page scans a whole table for a number nobody reads."""

    template_name = "admin/capped_pagination.html"

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:LIMIT].count()  # type: ignore[attr-defined]

    @property
    def is_capped(self) -> bool:
        return self.count == LIMIT
