import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "name",
                    models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name="parte"),
                ),
                ("seen_at", models.DateTimeField(verbose_name="vista em")),
            ],
            options={
                "verbose_name": "sinal de vida",
                "verbose_name_plural": "sinais de vida",
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(unique=True, verbose_name="quando")),
                ("pending", models.PositiveIntegerField()),
                ("retrying", models.PositiveIntegerField()),
                ("dead", models.PositiveIntegerField()),
                ("held", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "amostra das filas",
                "verbose_name_plural": "amostras das filas",
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[],
            options={
                "verbose_name": "pessoa",
                "verbose_name_plural": "pessoas",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("events.event",),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=40, verbose_name="regra")),
                ("subject", models.CharField(blank=True, max_length=60, verbose_name="sobre")),
                (
                    "severity",
                    models.CharField(
                        choices=[("warning", "atenção"), ("critical", "crítico")],
                        max_length=10,
                        verbose_name="gravidade",
                    ),
                ),
                ("message", models.TextField(verbose_name="o que há")),
                ("past", models.TextField(blank=True, verbose_name="o que houve")),
                ("url", models.CharField(blank=True, max_length=300, verbose_name="onde ver")),
                ("value", models.FloatField(default=0, verbose_name="valor")),
                ("limit", models.FloatField(blank=True, null=True, verbose_name="limite")),
                ("symptoms", models.JSONField(blank=True, default=list, verbose_name="efeitos")),
                ("opened_at", models.DateTimeField(verbose_name="desde")),
                ("seen_at", models.DateTimeField(verbose_name="visto por último")),
                ("resolved_at", models.DateTimeField(blank=True, null=True, verbose_name="resolvido em")),
                ("reopened", models.PositiveIntegerField(default=0, verbose_name="vezes que voltou")),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True, verbose_name="assumido em")),
                (
                    "acknowledged_by",
                    models.CharField(blank=True, max_length=150, verbose_name="assumido por"),
                ),
                ("snoozed_until", models.DateTimeField(blank=True, null=True, verbose_name="adiado até")),
                ("snoozed_by", models.CharField(blank=True, max_length=150, verbose_name="adiado por")),
                ("snooze_reason", models.TextField(blank=True, verbose_name="por que foi adiado")),
                ("notified_severity", models.CharField(blank=True, max_length=10)),
                ("notified_at", models.DateTimeField(blank=True, null=True, verbose_name="avisado em")),
            ],
            options={
                "verbose_name": "alerta",
                "verbose_name_plural": "alertas",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["-resolved_at"], name="alert_resolved")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at", None)),
                        fields=("rule", "subject"),
                        name="alert_one_open_per_cause",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("snoozed_until", None),
                            models.Q(("snooze_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="alert_snooze_has_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("keys", models.JSONField(blank=True, default=dict, verbose_name="quem")),
                ("asked_by", models.CharField(max_length=150, verbose_name="pedido por")),
                (
                    "asked_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="pedido em"
                    ),
                ),
                (
                    "waits",
                    models.PositiveIntegerField(
                        db_default=0, default=0, verbose_name="envios que ainda não terminaram"
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="apagado em")),
                ("counts", models.JSONField(blank=True, default=dict, verbose_name="linhas")),
            ],
            options={
                "verbose_name": "pedido de apagamento",
                "verbose_name_plural": "dados de uma pessoa",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("done_at", None), ("keys", {}), _connector="OR"),
                        name="erasure_forgets_when_done",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("daily", "diário"), ("weekly", "semanal")],
                        max_length=10,
                        verbose_name="tipo",
                    ),
                ),
                ("day", models.DateField(verbose_name="dia, ou primeiro dia da semana")),
                ("summary", models.TextField(verbose_name="resumo")),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="enviado em")),
                ("sent_to", models.JSONField(default=list, verbose_name="para")),
            ],
            options={
                "verbose_name": "relatório",
                "verbose_name_plural": "relatórios",
                "ordering": ["-day", "kind"],
                "constraints": [models.UniqueConstraint(fields=("kind", "day"), name="report_once")],
            },
        ),
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="dia")),
                (
                    "kind",
                    models.CharField(
                        choices=[("morning", "manhã, 08:00"), ("evening", "fim do dia, 18:00")],
                        max_length=10,
                        verbose_name="ronda",
                    ),
                ),
                ("done_at", models.DateTimeField(verbose_name="concluída em")),
                ("done_by", models.CharField(max_length=150, verbose_name="por")),
                ("status", models.CharField(max_length=10, verbose_name="veredito")),
                ("checks", models.JSONField(default=list, verbose_name="o que mostrou")),
                ("note", models.TextField(blank=True, verbose_name="recado para o próximo turno")),
            ],
            options={
                "verbose_name": "ronda",
                "verbose_name_plural": "rondas",
                "ordering": ["-done_at"],
                "indexes": [models.Index(fields=["-done_at"], name="round_newest")],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("channel", models.CharField(max_length=10, verbose_name="por onde")),
                ("recipient", models.CharField(blank=True, max_length=254, verbose_name="para")),
                ("event", models.CharField(max_length=10, verbose_name="ocasião")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "a enviar"),
                            ("sent", "enviado"),
                            ("failed", "não saiu"),
                            ("discarded", "descartado"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="próxima tentativa")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="criado em"
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="enviado em")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="tentativas")),
                ("error", models.TextField(blank=True, verbose_name="erro")),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="monitoring.alert",
                        verbose_name="alerta",
                    ),
                ),
            ],
            options={
                "verbose_name": "aviso ao plantão",
                "verbose_name_plural": "avisos ao plantão",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "queued")), fields=["due_at"], name="notification_due"
                    ),
                    models.Index(
                        condition=models.Q(("status", "failed")),
                        fields=["channel"],
                        name="notification_failed",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status", "queued"), ("due_at__isnull", True), _connector="XOR"),
                        name="notification_due_while_queued",
                    )
                ],
            },
        ),
    ]
