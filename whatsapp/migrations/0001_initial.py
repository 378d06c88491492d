import carinho.text_search
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


# A message is made with its delivery and follows it until Z-API has it, whoever moves the delivery.
FOLLOW = """CREATE FUNCTION whatsapp_follow_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO whatsapp_sentmessage (delivery_id, phone)
        SELECT NEW.id, event.phone FROM events_event AS event WHERE event.id = NEW.event_id;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM whatsapp_sentmessage WHERE delivery_id = OLD.id;
    ELSIF NEW.status = 'dead' AND OLD.status IN ('queued', 'running') THEN
        UPDATE whatsapp_sentmessage SET status = 'failed', failed_at = now(), error = NEW.error
        WHERE delivery_id = NEW.id;
    ELSIF NEW.status = 'skipped' AND OLD.status IN ('waiting', 'queued', 'running') THEN
        UPDATE whatsapp_sentmessage
        SET status = CASE NEW.skip_cause WHEN 'expired' THEN 'expired' ELSE 'cancelled' END
        WHERE delivery_id = NEW.id;
    ELSIF NEW.status = 'queued' AND OLD.status IN ('dead', 'skipped') THEN
        UPDATE whatsapp_sentmessage
        SET status = 'queued', failure = '', error = '', zaap_id = '', message_id = NULL, accepted_at = NULL,
            sent_at = NULL, delivered_at = NULL, read_at = NULL, played_at = NULL, failed_at = NULL,
            earlier_ids = earlier_ids || CASE WHEN message_id IS NULL THEN '{}' ELSE ARRAY[message_id] END
                                      || CASE WHEN zaap_id = '' THEN '{}' ELSE ARRAY[zaap_id] END
        WHERE delivery_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER whatsapp_message_is_made AFTER INSERT ON events_delivery
FOR EACH ROW WHEN (NEW.service = 'whatsapp') EXECUTE FUNCTION whatsapp_follow_delivery();
CREATE TRIGGER whatsapp_message_follows AFTER UPDATE OF status ON events_delivery
FOR EACH ROW WHEN (NEW.service = 'whatsapp' AND OLD.status <> NEW.status)
EXECUTE FUNCTION whatsapp_follow_delivery();
CREATE TRIGGER whatsapp_message_ends AFTER DELETE ON events_delivery
FOR EACH ROW WHEN (OLD.service = 'whatsapp') EXECUTE FUNCTION whatsapp_follow_delivery();
"""
UNFOLLOW = """
DROP TRIGGER whatsapp_message_is_made ON events_delivery;
DROP TRIGGER whatsapp_message_follows ON events_delivery;
DROP TRIGGER whatsapp_message_ends ON events_delivery;
DROP FUNCTION whatsapp_follow_delivery();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptOptOut",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("opted_out_at", models.DateTimeField(verbose_name="pediu para não receber em")),
            ],
            options={
                "verbose_name": "pedido mantido de não receber",
                "verbose_name_plural": "pedidos mantidos de não receber",
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=60, primary_key=True, serialize=False, verbose_name="mensagem"
                    ),
                ),
                ("text", models.TextField(max_length=4000, verbose_name="texto")),
                ("changed_at", models.DateTimeField(auto_now=True, verbose_name="alterado em")),
                (
                    "changed_by",
                    models.CharField(blank=True, default="", max_length=150, verbose_name="alterado por"),
                ),
            ],
            options={
                "verbose_name": "texto",
                "verbose_name_plural": "textos",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Callback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True, verbose_name="chave")),
                ("type", models.CharField(blank=True, max_length=40, verbose_name="tipo")),
                ("body", models.JSONField(verbose_name="conteúdo")),
                (
                    "message_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        db_default=models.Value([]),
                        default=list,
                        size=None,
                        verbose_name="mensagens",
                    ),
                ),
                (
                    "person",
                    models.CharField(blank=True, db_default="", max_length=64, verbose_name="de quem"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "a processar"),
                            ("waiting", "espera outra parte"),
                            ("done", "processado"),
                            ("ignored", "ignorado"),
                            ("failed", "precisa de você"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("group", "mensagem de grupo"),
                            ("newsletter", "mensagem de canal"),
                            ("broadcast", "lista de transmissão"),
                            ("status", "status de alguém"),
                            ("notification", "aviso do WhatsApp, não é mensagem"),
                            ("own_echo", "cópia do que nós enviamos"),
                            ("own_phone", "escrita por nós no celular"),
                            ("presence", "aviso de presença"),
                            ("read_by_us", "leitura nossa"),
                            ("unknown_status", "situação que não conhecemos"),
                            ("unknown_kind", "tipo que não conhecemos"),
                            ("no_person", "não diz de quem é"),
                            ("not_ours", "de uma mensagem que não enviamos"),
                            ("superseded", "o conteúdo chegou depois"),
                            ("dismissed", "dispensado por uma pessoa"),
                            ("older", "mais antigo do que o que já sabemos"),
                            ("erased", "os dados da pessoa foram apagados"),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                        verbose_name="por que foi ignorado",
                    ),
                ),
                (
                    "duplicates",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="repetições"),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="tentativas"),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="processar a partir de",
                    ),
                ),
                (
                    "received_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="chegou em"
                    ),
                ),
                ("error", models.TextField(blank=True, db_default="", default="", verbose_name="erro")),
            ],
            options={
                "verbose_name": "aviso do Z-API",
                "verbose_name_plural": "avisos do Z-API",
                "ordering": ["-id"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["message_ids"], name="callback_by_message"
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "waiting"])),
                        fields=["due_at"],
                        name="callback_due",
                    ),
                    models.Index(
                        condition=models.Q(("person", ""), _negated=True),
                        fields=["person", "received_at"],
                        name="callback_by_person",
                    ),
                    models.Index(fields=["received_at"], name="callback_by_moment"),
                    models.Index(
                        condition=models.Q(("status", "failed")), fields=["-id"], name="callback_given_up"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status", "ignored"), ("cause", ""), _connector="XOR"),
                        name="callback_ignored_has_cause",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("connected", models.BooleanField(blank=True, null=True, verbose_name="conectado")),
                (
                    "phone_online",
                    models.BooleanField(blank=True, null=True, verbose_name="celular com internet"),
                ),
                ("changed_at", models.DateTimeField(blank=True, null=True, verbose_name="mudou em")),
                ("disconnected_at", models.DateTimeField(blank=True, null=True, verbose_name="caiu em")),
                ("checked_at", models.DateTimeField(blank=True, null=True, verbose_name="verificado em")),
                (
                    "check_failed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="verificação falhou em"),
                ),
                (
                    "error",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=200,
                        verbose_name="o que o Z-API disse",
                    ),
                ),
                (
                    "last_received_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="última mensagem recebida"),
                ),
                (
                    "last_receipt_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="última confirmação das nossas"),
                ),
                (
                    "misconfigured_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="configuração recusada em"),
                ),
                (
                    "misconfiguration",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=300,
                        verbose_name="o que o Z-API recusou",
                    ),
                ),
            ],
            options={
                "verbose_name": "conexão do WhatsApp",
                "verbose_name_plural": "conexão do WhatsApp",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="connection_is_only_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "lid",
                    models.CharField(
                        blank=True, max_length=60, null=True, verbose_name="identificação no WhatsApp"
                    ),
                ),
                (
                    "key",
                    models.CharField(blank=True, max_length=20, null=True, verbose_name="chave do telefone"),
                ),
                (
                    "phone",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=20, verbose_name="telefone"
                    ),
                ),
                (
                    "registered_phone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=20,
                        verbose_name="número registrado no WhatsApp",
                    ),
                ),
                (
                    "typed_phone",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=64, verbose_name="como foi digitado"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=200, verbose_name="nome"
                    ),
                ),
                ("has_whatsapp", models.BooleanField(blank=True, null=True, verbose_name="tem WhatsApp")),
                (
                    "checked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="número verificado em"),
                ),
                (
                    "opted_out_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="pediu para não receber em"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="conhecido desde"
                    ),
                ),
            ],
            options={
                "verbose_name": "contato",
                "verbose_name_plural": "contatos",
                "ordering": ["-id"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        carinho.text_search.Words(models.F("name")), name="contact_names"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("lid",), name="contact_once_per_lid"),
                    models.UniqueConstraint(fields=("key",), name="contact_once_per_number"),
                    models.CheckConstraint(
                        condition=models.Q(("lid__isnull", False), ("key__isnull", False), _connector="OR"),
                        name="contact_is_known_by_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reachability",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="sem falha desde")),
                ("seen_at", models.DateTimeField(verbose_name="último sinal")),
            ],
            options={
                "verbose_name": "alcance do Z-API",
                "verbose_name_plural": "alcance do Z-API",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="reachability_is_only_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="Received",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("message_id", models.CharField(max_length=120, verbose_name="id no WhatsApp")),
                ("kind", models.CharField(max_length=30, verbose_name="tipo")),
                ("text", models.TextField(blank=True, default="", verbose_name="mensagem")),
                ("media_url", models.TextField(blank=True, default="", verbose_name="arquivo")),
                (
                    "media_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="arquivo disponível até"),
                ),
                (
                    "reaction",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=16, verbose_name="reação"
                    ),
                ),
                (
                    "is_waiting",
                    models.BooleanField(
                        db_default=False, default=False, verbose_name="conteúdo ainda não chegou"
                    ),
                ),
                ("edited_at", models.DateTimeField(blank=True, null=True, verbose_name="corrigida em")),
                ("received_at", models.DateTimeField(verbose_name="recebida em")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="guardada em"
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="received",
                        to="whatsapp.contact",
                        verbose_name="contato",
                    ),
                ),
            ],
            options={
                "verbose_name": "mensagem recebida",
                "verbose_name_plural": "mensagens recebidas",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["received_at"], name="received_by_moment"),
                    django.contrib.postgres.indexes.GinIndex(
                        carinho.text_search.Words(models.F("text")), name="received_words"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("message_id", "contact"), name="received_once_per_person")
                ],
            },
        ),
        migrations.CreateModel(
            name="SentMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=60, verbose_name="texto usado"
                    ),
                ),
                (
                    "phone",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=64, verbose_name="para"
                    ),
                ),
                ("text", models.TextField(blank=True, db_default="", default="", verbose_name="mensagem")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "na fila"),
                            ("held", "retida"),
                            ("accepted", "aceita pelo Z-API"),
                            ("sent", "enviada"),
                            ("failed", "falhou"),
                            ("delivered", "entregue"),
                            ("read", "lida"),
                            ("played", "ouvida"),
                            ("expired", "passou da hora"),
                            ("cancelled", "não enviada"),
                        ],
                        db_default="queued",
                        default="queued",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "failure",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=30, verbose_name="tipo de falha"
                    ),
                ),
                (
                    "error",
                    models.TextField(blank=True, db_default="", default="", verbose_name="erro recebido"),
                ),
                (
                    "zaap_id",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=120, verbose_name="id no Z-API"
                    ),
                ),
                (
                    "message_id",
                    models.CharField(blank=True, max_length=120, null=True, verbose_name="id no WhatsApp"),
                ),
                (
                    "earlier_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        db_default=models.Value([]),
                        default=list,
                        size=None,
                        verbose_name="ids de envios anteriores",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="criada em"
                    ),
                ),
                (
                    "first_tried_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="primeira tentativa em"),
                ),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="aceita em")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="enviada em")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="entregue em")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="lida em")),
                ("played_at", models.DateTimeField(blank=True, null=True, verbose_name="ouvida em")),
                ("failed_at", models.DateTimeField(blank=True, null=True, verbose_name="falhou em")),
                (
                    "reaction",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=16, verbose_name="reação"
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="whatsapp.contact",
                        verbose_name="contato",
                    ),
                ),
                (
                    "delivery",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="message",
                        to="events.delivery",
                        verbose_name="entrega",
                    ),
                ),
            ],
            options={
                "verbose_name": "mensagem enviada",
                "verbose_name_plural": "mensagens enviadas",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("zaap_id", ""), _negated=True),
                        fields=["zaap_id"],
                        name="sent_message_by_zaap_id",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("earlier_ids", []), _negated=True),
                        fields=["earlier_ids"],
                        name="sent_message_by_earlier_id",
                    ),
                    models.Index(fields=["accepted_at"], name="sent_message_by_acceptance"),
                    django.contrib.postgres.indexes.GinIndex(
                        carinho.text_search.Words(models.F("text")), name="sent_message_words"
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["queued", "held"])),
                        fields=["status"],
                        name="sent_message_waiting",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("message_id",), name="sent_message_once_per_id")
                ],
            },
        ),
        migrations.RunSQL(FOLLOW, UNFOLLOW),
    ]
