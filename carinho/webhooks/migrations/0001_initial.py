import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="WebhookSubscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50, verbose_name="nome")),
                ("address", models.URLField(max_length=500, verbose_name="endereço")),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="o que recebe"
                    ),
                ),
                ("is_on", models.BooleanField(default=True, verbose_name="ligada")),
                ("seed", models.CharField(max_length=43)),
                ("earlier_seed", models.CharField(blank=True, default="", max_length=43)),
                (
                    "earlier_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="segredo anterior assina até"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="criada"
                    ),
                ),
                ("good_at", models.DateTimeField(blank=True, null=True, verbose_name="última resposta boa")),
                ("bad_at", models.DateTimeField(blank=True, null=True, verbose_name="última resposta ruim")),
                (
                    "bad_answer",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="qual foi"),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, verbose_name="chamadas seguidas sem resposta"),
                ),
                ("held_until", models.DateTimeField(blank=True, null=True, verbose_name="espera até")),
            ],
            options={
                "verbose_name": "assinatura de webhooks",
                "verbose_name_plural": "assinaturas de webhooks",
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="o que aconteceu")),
                ("data", models.JSONField(verbose_name="dados")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "a enviar"),
                            ("sent", "entregue"),
                            ("failed", "não saiu"),
                            ("discarded", "descartado"),
                        ],
                        db_default="queued",
                        default="queued",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        verbose_name="quando",
                    ),
                ),
                (
                    "queued_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="na fila desde"
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.db.models.functions.datetime.Now(),
                        null=True,
                        verbose_name="próxima tentativa",
                    ),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="tentativas"),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="entregue em")),
                (
                    "error",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=200, verbose_name="por que não saiu"
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="webhooks.webhooksubscription",
                        verbose_name="assinatura",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ["-id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "queued")),
                        fields=["subscription", "id"],
                        name="webhook_queued",
                    ),
                    models.Index(
                        condition=models.Q(("status", "failed")),
                        fields=["subscription"],
                        name="webhook_failed",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status", "queued"), ("due_at__isnull", True), _connector="XOR"),
                        name="webhook_due_while_queued",
                    )
                ],
            },
        ),
    ]
