import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SyncJob",
            fields=[
                (
                    "name",
                    models.CharField(max_length=60, primary_key=True, serialize=False, verbose_name="nome"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="desde"
                    ),
                ),
                ("resumed_at", models.DateTimeField(blank=True, null=True, verbose_name="retomada em")),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="pausada em")),
                (
                    "paused_by",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="pausada por"),
                ),
                ("pause_reason", models.TextField(blank=True, db_default="", verbose_name="motivo da pausa")),
            ],
            options={
                "verbose_name": "sincronização",
                "verbose_name_plural": "sincronizações",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="SyncRun",
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
                        choices=[
                            ("full", "sincronização"),
                            ("records", "só estes registros"),
                            ("dry", "simulação"),
                            ("check", "conferência"),
                        ],
                        db_default="full",
                        default="full",
                        max_length=10,
                        verbose_name="tipo",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "em execução"),
                            ("done", "concluída"),
                            ("incomplete", "concluída com falhas"),
                            ("failed", "falhou"),
                            ("cancelled", "cancelada"),
                            ("stuck", "travada"),
                        ],
                        db_default="running",
                        default="running",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                ("author", models.CharField(max_length=150, verbose_name="quem")),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="início"
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="fim")),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True, verbose_name="último sinal")),
                ("token", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "takeovers",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="vezes retomada"),
                ),
                (
                    "window_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="lê como se fosse"
                    ),
                ),
                ("since", models.DateTimeField(blank=True, null=True, verbose_name="lê o que mudou desde")),
                ("chosen", models.JSONField(blank=True, default=dict, verbose_name="registros escolhidos")),
                ("checkpoint", models.JSONField(blank=True, default=dict, verbose_name="ponto de retomada")),
                ("read", models.PositiveIntegerField(db_default=0, default=0, verbose_name="lidos")),
                ("written", models.PositiveIntegerField(db_default=0, default=0, verbose_name="gravados")),
                (
                    "unchanged",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="sem mudança"),
                ),
                ("failed", models.PositiveIntegerField(db_default=0, default=0, verbose_name="com falha")),
                (
                    "processed",
                    models.PositiveIntegerField(
                        db_default=0, default=0, verbose_name="processados até agora"
                    ),
                ),
                ("total", models.PositiveIntegerField(blank=True, null=True, verbose_name="total")),
                (
                    "waiting_for",
                    models.CharField(blank=True, db_default="", max_length=20, verbose_name="espera por"),
                ),
                ("waiting_since", models.DateTimeField(blank=True, null=True, verbose_name="espera desde")),
                (
                    "waited_seconds",
                    models.PositiveIntegerField(db_default=0, default=0, verbose_name="segundos de espera"),
                ),
                (
                    "cancelled_by",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="cancelada por"),
                ),
                ("reason", models.TextField(blank=True, db_default="", verbose_name="motivo")),
                (
                    "continues",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="continued_by",
                        to="sync.syncrun",
                        verbose_name="continua",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="sync.syncjob",
                        verbose_name="sincronização",
                    ),
                ),
            ],
            options={
                "verbose_name": "execução",
                "verbose_name_plural": "execuções",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="SyncFailure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80, verbose_name="registro")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "precisa de você"),
                            ("resolved", "resolvida"),
                            ("gone", "a origem não pede mais"),
                        ],
                        db_default="open",
                        default="open",
                        max_length=10,
                        verbose_name="situação",
                    ),
                ),
                ("kind", models.CharField(max_length=12, verbose_name="espécie")),
                ("cause", models.CharField(max_length=40, verbose_name="causa")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("payload", models.JSONField(verbose_name="registro da origem")),
                ("attempts", models.PositiveIntegerField(default=1, verbose_name="tentativas")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="desde"
                    ),
                ),
                (
                    "failed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="última falha"
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="encerrada em")),
                (
                    "closed_by",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="encerrada por"),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="failures",
                        to="sync.syncjob",
                        verbose_name="sincronização",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="failures",
                        to="sync.syncrun",
                        verbose_name="última execução",
                    ),
                ),
            ],
            options={
                "verbose_name": "registro com falha",
                "verbose_name_plural": "registros com falha",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="SyncDifference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80, verbose_name="registro")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missing_there", "falta no destino"),
                            ("missing_here", "a origem não sabe que está feito"),
                            ("different", "campos diferentes"),
                            ("orphan", "sobra no destino"),
                            ("unreadable", "registro ilegível na origem"),
                        ],
                        max_length=15,
                        verbose_name="diferença",
                    ),
                ),
                ("fields", models.JSONField(default=list, verbose_name="campos")),
                ("payload", models.JSONField(null=True, verbose_name="registro da origem")),
                ("there", models.JSONField(null=True, verbose_name="o que o destino tem")),
                (
                    "found_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="desde"
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="encerrada em")),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="sync.syncjob",
                        verbose_name="sincronização",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="differences",
                        to="sync.syncrun",
                        verbose_name="conferência",
                    ),
                ),
            ],
            options={
                "verbose_name": "diferença",
                "verbose_name_plural": "diferenças",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="RecordCorrection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("before", models.JSONField(verbose_name="antes")),
                ("after", models.JSONField(verbose_name="depois")),
                ("changed", models.JSONField(verbose_name="o que mudou")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("actor", models.CharField(max_length=150, verbose_name="por")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="em"
                    ),
                ),
                (
                    "failure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="corrections",
                        to="sync.syncfailure",
                        verbose_name="registro com falha",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="corrections",
                        to="sync.syncrun",
                        verbose_name="execução",
                    ),
                ),
            ],
            options={
                "verbose_name": "correção de registro",
                "verbose_name_plural": "correções de registros",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PlannedWrite",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80, verbose_name="registro")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("create", "gravar pela primeira vez"),
                            ("update", "atualizar"),
                            ("confirm", "só confirmar"),
                            ("invalid", "recusar: registro inválido"),
                        ],
                        max_length=10,
                        verbose_name="o que faria",
                    ),
                ),
                ("fields", models.JSONField(default=list, verbose_name="campos")),
                ("wanted", models.JSONField(default=dict, verbose_name="conteúdo")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="planned",
                        to="sync.syncrun",
                        verbose_name="execução",
                    ),
                ),
            ],
            options={
                "verbose_name": "gravação prevista",
                "verbose_name_plural": "gravações previstas",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="LogLine",
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
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="quando"
                    ),
                ),
                ("code", models.CharField(max_length=40, verbose_name="o que houve")),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="detalhes")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="sync.syncrun",
                        verbose_name="execução",
                    ),
                ),
            ],
            options={
                "verbose_name": "linha do registro",
                "verbose_name_plural": "linhas do registro",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="dia")),
                ("compared", models.PositiveIntegerField(verbose_name="comparados")),
                ("agreeing", models.PositiveIntegerField(verbose_name="iguais")),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="sync.syncjob",
                    ),
                ),
            ],
            options={
                "verbose_name": "concordância do dia",
                "verbose_name_plural": "concordância por dia",
                "ordering": ["-day"],
                "constraints": [
                    models.UniqueConstraint(fields=("job", "day"), name="sync_agreement_once_a_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="SyncRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80, verbose_name="registro")),
                ("digest", models.CharField(max_length=64)),
                ("version", models.PositiveIntegerField(default=1)),
                ("wanted", models.JSONField(verbose_name="conteúdo gravado")),
                ("result", models.JSONField(default=dict, verbose_name="resposta")),
                ("written_at", models.DateTimeField(verbose_name="gravado em")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmado em")),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="records",
                        to="sync.syncjob",
                    ),
                ),
            ],
            options={
                "verbose_name": "registro sincronizado",
                "verbose_name_plural": "registros sincronizados",
                "constraints": [models.UniqueConstraint(fields=("job", "key"), name="sync_record_once")],
            },
        ),
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(fields=["job", "kind", "-started_at"], name="sync_run_of_job"),
        ),
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(fields=["-finished_at"], name="sync_run_finished"),
        ),
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "running")), fields=("job",), name="sync_one_running_per_job"
            ),
        ),
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("status", "running")),
                    models.Q(models.Q(("status", "running"), _negated=True), ("finished_at__isnull", False)),
                    _connector="OR",
                ),
                name="sync_finished_run_has_time",
            ),
        ),
        migrations.AddIndex(
            model_name="syncfailure",
            index=models.Index(
                condition=models.Q(("status", "open")), fields=["job", "failed_at"], name="sync_failure_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="syncfailure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")), fields=("job", "key"), name="sync_failure_open_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="syncfailure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("status", "open")),
                    models.Q(models.Q(("status", "open"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="sync_failure_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="syncdifference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("job", "key"),
                name="sync_difference_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="recordcorrection",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="record_correction_has_reason"
            ),
        ),
    ]
