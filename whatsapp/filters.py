import django_filters

from carinho.api.moments import MomentFilter
from whatsapp import contacts
from whatsapp.message_status import MessageStatus
from whatsapp.models import SentMessage


class MessageFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=MessageStatus.choices)
    name = django_filters.CharFilter()
    phone = django_filters.CharFilter(method="of_person")
    event = django_filters.NumberFilter(field_name="delivery__event_id")
    since = MomentFilter(field_name="created_at", lookup_expr="gte")
    until = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = SentMessage
        fields: list[str] = []

    def of_person(self, rows: object, _: str, phone: str) -> object:
        """Both forms of a mobile find the same person."""
        return rows.filter(contact__in=contacts.matching(contacts.identity(phone)))  # type: ignore[attr-defined]
