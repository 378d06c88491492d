"""The table of a list: what the cells of a column share is made once, not for each row, as the theme does.

It looks as the theme's, without what no list of ours has: rows edited in place, sections below a row, an
order by hand, menus of a row.
"""

from typing import Any

from django.contrib.admin.utils import lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import Model
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.templatetags import unfold_list
from unfold.utils import display_for_field, display_for_value

CHECKBOX = "action_checkbox"


def use() -> None:
    """Let the theme's tag make the table so; templates/admin/change_list_results.html shows it."""
    unfold_list.result_list = result_list


def result_list(context: dict[str, Any], cl: ChangeList) -> dict[str, Any]:
    headers = list(unfold_list.result_headers(cl))
    columns = [
        Column(cl, name, header["text"]) for name, header in zip(cl.list_display, headers, strict=True)
    ]
    return {
        "cl": cl,
        "result_headers": headers,
        "num_sorted_fields": sum(header["sortable"] and header["sorted"] for header in headers),
        "rows": [SafeString("".join(column.cell(row) for column in columns)) for row in cl.result_list],
    }


class Column:
    def __init__(self, cl: ChangeList, name: Any, label: Any) -> None:
        self.cl, self.admin, self.name = cl, cl.model_admin, name
        links = list(cl.list_display_links or ())
        self.leads_on = name in links
        self.query = f"?{cl.preserved_filters}" if cl.preserved_filters else ""  # the way back to the list
        tag = "th" if name in links[:1] else "td"
        classes = [f"field-{name}", *unfold_list.ROW_CLASSES]
        if name == CHECKBOX:
            classes, label = unfold_list.CHECKBOX_CLASSES, _("Select record")
        self.before = format_html('<{} class="{}" data-label="{}">', tag, " ".join(classes), label)
        self.after = f"</{tag}>"
        self.missing = self.admin.get_empty_value_display()
        self.link_classes = " ".join(unfold_list.LINK_CLASSES)
        is_own = isinstance(name, str) and name != "__str__" and not self._is_field()
        self.own = getattr(self.admin, name, None) if is_own else None

    def _is_field(self) -> bool:
        try:
            return bool(self.cl.opts.get_field(self.name))
        except FieldDoesNotExist:
            return False

    def _shown(self, row: Model) -> Any:
        """As `lookup_field` has it, which looks for a field of this name, in vain, in each row."""
        if self.own:
            return display_for_value(self.own(row), self.missing)
        field, _attribute, value = lookup_field(self.name, row, self.admin)
        if field:
            return display_for_field(value, field, self.missing)
        return display_for_value(value, self.missing)

    def cell(self, row: Model) -> str:
        try:
            text = self._shown(row)
        except ObjectDoesNotExist:  # what the row belongs to was removed while the list was read
            text = display_for_value(None, self.missing)
        if self.leads_on:
            link = '<a href="{}{}" class="{}">{}</a>'
            text = format_html(link, self.cl.url_for_result(row), self.query, self.link_classes, text)
        return f"{self.before}{conditional_escape(text)}{self.after}"
