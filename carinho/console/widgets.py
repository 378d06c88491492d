"""Fields of forms that look as the theme's and cost less."""

from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget


class LongSelect(UnfoldAdminSelectWidget):
    """For hundreds of choices in no groups: the theme's takes two templates for each option."""

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        return []  # of the theme's template only the field is needed

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = self.format_value(value)
        option = '<option value="{}"{}>{}</option>\n'
        options = format_html_join(
            "",
            option,
            (
                (choice, SafeString(" selected") if str(choice) in chosen else "", label)
                for choice, label in self.choices
            ),
        )
        field, end = super().render(name, value, attrs, renderer).split("</select>", 1)
        return SafeString(f"{field}{options}</select>{end}")
