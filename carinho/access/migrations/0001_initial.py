import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


# Erasure empties details, retention removes entries: each says so first in its transaction. The chain of seals
# shows what somebody did by another way.
ONLY_ADDS = """
CREATE FUNCTION access_audit_only_adds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE why text := current_setting('carinho.audit_change', true);
BEGIN
    IF TG_OP = 'DELETE' AND why = 'retention' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND why = 'erasure' AND TG_TABLE_NAME = 'access_auditentry' THEN
        IF NEW.redacted_at IS NOT NULL AND (NEW.id, NEW.at, NEW.actor, NEW.action, NEW.target)
            = (OLD.id, OLD.at, OLD.actor, OLD.action, OLD.target) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The audit log is only added to';
END
$$;
CREATE TRIGGER access_audit_entry_stays BEFORE UPDATE OR DELETE ON access_auditentry
FOR EACH ROW EXECUTE FUNCTION access_audit_only_adds();
CREATE TRIGGER access_audit_seal_stays BEFORE UPDATE OR DELETE ON access_auditseal
FOR EACH ROW EXECUTE FUNCTION access_audit_only_adds();
"""
UNDO = "DROP FUNCTION access_audit_only_adds CASCADE"


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("seal", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "selo da trilha",
                "verbose_name_plural": "selos da trilha",
            },
        ),
        migrations.CreateModel(
            name="OneTimePassword",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="one_time_password",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="vale até")),
            ],
            options={
                "verbose_name": "senha provisória",
                "verbose_name_plural": "senhas provisórias",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SecretFingerprint",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
            ],
            options={
                "verbose_name": "impressão de um segredo",
                "verbose_name_plural": "impressões dos segredos",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WebhookSender",
            fields=[
                (
                    "source",
                    models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name="origem"),
                ),
                (
                    "good_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="última assinatura certa"),
                ),
                (
                    "bad_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="última assinatura errada"),
                ),
                (
                    "bad_reason",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="o que estava errado"
                    ),
                ),
            ],
            options={
                "verbose_name": "remetente de webhooks",
                "verbose_name_plural": "remetentes de webhooks",
                "ordering": ["source"],
            },
        ),
        migrations.CreateModel(
            name="ApiAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("client", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                ("made_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "resposta da API",
                "verbose_name_plural": "respostas da API",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("client", "key"), name="api_answer_once_per_key")
                ],
            },
        ),
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
                (
                    "redacted_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="dados de uma pessoa apagados em"
                    ),
                ),
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
            name="LoginSession",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("address", models.CharField(default="", max_length=45, verbose_name="endereço IP")),
                ("browser", models.CharField(default="", max_length=200, verbose_name="navegador")),
                ("begun_at", models.DateTimeField(null=True, verbose_name="entrou")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="visto")),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="login_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sessão",
                "verbose_name_plural": "sessões",
                "abstract": False,
                "default_permissions": (),
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
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seed", models.CharField(max_length=43)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="criado"
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="vale até")),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="access.webhooksender",
                    ),
                ),
            ],
            options={
                "verbose_name": "segredo de webhook",
                "verbose_name_plural": "segredos de webhook",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "código de reserva",
                "verbose_name_plural": "códigos de reserva",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_once")
                ],
            },
        ),
        # the calls of this minute need not outlive a crash, and need not be written twice
        migrations.RunSQL(
            "ALTER TABLE access_ratewindow SET UNLOGGED", "ALTER TABLE access_ratewindow SET LOGGED"
        ),
        migrations.RunSQL(ONLY_ADDS, UNDO),
    ]
