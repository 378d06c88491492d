"""Actions of the engine, the synchronisations, WhatsApp and monitoring that the audit log records."""

from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited

for name, label in {
    "dead_letter.retry": _("reenviou"),
    "dead_letter.archive": _("arquivou"),
    "dead_letter.restore": _("restaurou"),
    "delivery.try_now": _("tentou agora"),
    "delivery.give_up": _("desistiu"),
    "delivery.withdraw": _("tirou da fila"),
    "breaker.reset": _("liberou o sistema"),
    "breaker.pause": _("pausou o sistema"),
    "breaker.resume": _("retomou o sistema"),
    "breaker.try_now": _("testou o sistema"),
    "refusal.accept": _("aceitou um recusado"),
    "alert.acknowledge": _("assumiu o alerta"),
    "alert.snooze": _("adiou o alerta"),
    "contact.allowed_again": _("voltou a permitir mensagens"),
    "template.change": _("mudou o texto"),
    "whatsapp.queue_emptied": _("esvaziou a fila do WhatsApp"),
    "whatsapp.restore": _("retomou a sessão do WhatsApp"),
    "sync.full": _("executou a sincronização"),
    "sync.dry": _("simulou a sincronização"),
    "sync.check": _("conferiu a sincronização"),
    "sync.records": _("tentou registros de novo"),
    "sync.cancel": _("cancelou a execução"),
    "sync.pause": _("pausou a sincronização"),
    "sync.resume": _("retomou a sincronização"),
}.items():
    Audited(name, label)
