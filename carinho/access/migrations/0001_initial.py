import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.CharField(
                        editable=False, max_length=150, primary_key=True, serialize=False, unique=True
                    ),
                ),
                ("prefix", models.CharField(editable=False, max_length=8, unique=True)),
                ("hashed_key", models.CharField(editable=False, max_length=150)),
                ("created", models.DateTimeField(auto_now_add=True, db_index=True)),
                (
                    "name",
                    models.CharField(
                        default=None,
                        help_text="A free-form name for the API key. Need not be unique. 50 characters max.",
                        max_length=50,
                    ),
                ),
                (
                    "revoked",
                    models.BooleanField(
                        blank=True,
                        default=False,
                        help_text="If the API key is revoked, clients cannot use it anymore. (This cannot be undone.)",
                    ),
                ),
                (
                    "expiry_date",
                    models.DateTimeField(
                        blank=True,
                        help_text="Once API key expires, clients cannot use it anymore.",
                        null=True,
                        verbose_name="Expires",
                    ),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("read", "ver"),
                                ("events", "enviar eventos"),
                                ("operate", "operar"),
                                ("admin", "administrar"),
                            ],
                            max_length=10,
                        ),
                        size=None,
                        verbose_name="permissões",
                    ),
                ),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="fala só por",
                    ),
                ),
                ("last_used_at", models.DateTimeField(blank=True, null=True, verbose_name="último uso")),
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replaced_by",
                        to="access.apikey",
                        verbose_name="substitui",
                    ),
                ),
            ],
            options={
                "verbose_name": "chave de API",
                "verbose_name_plural": "chaves de API",
                "ordering": ("-created",),
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        verbose_name="quando",
                    ),
                ),
                ("actor", models.CharField(max_length=150, verbose_name="quem")),
                ("action", models.CharField(max_length=40, verbose_name="o que fez")),
                ("target", models.CharField(max_length=120, verbose_name="em quê")),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="detalhes")),
            ],
            options={
                "verbose_name": "registro de ação",
                "verbose_name_plural": "trilha de ações",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["target"], name="audit_entry_target"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["detail"], name="audit_entry_detail", opclasses=["jsonb_path_ops"]
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("client", models.CharField(max_length=80)),
                ("minute", models.DateTimeField()),
                ("calls", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "limite de chamadas",
                "verbose_name_plural": "limites de chamadas",
                "constraints": [
                    models.UniqueConstraint(fields=("client", "minute"), name="rate_once_per_minute")
                ],
            },
        ),
        # the calls of this minute need not outlive a crash, and need not be written twice
        migrations.RunSQL(
            "ALTER TABLE access_ratewindow SET UNLOGGED", "ALTER TABLE access_ratewindow SET LOGGED"
        ),
    ]
