"""Each recipient of a notification has a row of its own, which fails, is sent again or is discarded by itself."""

from django.db import migrations, models

SENT = "UPDATE monitoring_notification SET status = 'sent' WHERE sent_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0002_report_claimed")]

    operations = [
        migrations.RenameModel("Notice", "Notification"),
        migrations.RenameField("Notification", "occasion", "event"),
        migrations.RenameField("Alert", "told_severity", "notified_severity"),
        migrations.RenameField("Alert", "told_at", "notified_at"),
        migrations.AlterField(
            model_name="notification",
            name="alert",
            field=models.ForeignKey(on_delete=models.deletion.CASCADE, related_name="notifications", to="monitoring.alert", verbose_name="alerta"),
        ),
        migrations.AlterModelOptions(
            name="notification",
            options={
                "ordering": ["-id"],
                "verbose_name": "aviso ao plantão",
                "verbose_name_plural": "avisos ao plantão",
            },
        ),
        migrations.RemoveIndex(model_name="notification", name="notice_to_send"),
        migrations.AddField("notification", "recipient", models.CharField(blank=True, default="", max_length=254, verbose_name="para"), False),
        migrations.AddField("notification", "due_at", models.DateTimeField(blank=True, null=True, verbose_name="próxima tentativa")),
        migrations.AddField("notification", "status", models.CharField(default="failed", max_length=10)),
        migrations.RunSQL(SENT, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="notification",
            name="status",
            field=models.CharField(choices=[("queued", "a enviar"), ("sent", "enviado"), ("failed", "não saiu"), ("discarded", "descartado")], default="queued", max_length=10, verbose_name="situação"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(condition=models.Q(("status", "queued")), fields=["due_at"], name="notification_due"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(condition=models.Q(("status", "failed")), fields=["channel"], name="notification_failed"),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(condition=models.Q(("status", "queued"), ("due_at__isnull", True), _connector="XOR"), name="notification_due_while_queued"),
        ),
    ]
