"""The addresses of the engine: events in, events seen, what failed, and the systems' breakers."""

from django.urls import path

from events.api import circuit_breakers, dead_letters, events, retry_queue
from events.intake import views
from events.intake.legacy_webhooks import LEGACY_WEBHOOKS

urlpatterns = [
    path("api/events", events.EventList.as_view()),
    path("api/events/publish", views.PublishedEvent.as_view()),
    path("api/events/batch", views.BatchIngest.as_view()),
    path("api/events/<int:id>", events.EventDetail.as_view()),
    path("api/events/<int:id>/retry", dead_letters.RetryEvent.as_view()),
    *(
        path(
            f"webhooks/{webhook}", views.LegacyWebhookIngest.as_view(), {"source": source, "webhook": webhook}
        )
        for webhook, (source, _read) in LEGACY_WEBHOOKS.items()
    ),
    path("webhooks/systems/<str:source>", views.SystemIngest.as_view()),
    path("webhooks/whatsapp", views.WhatsAppCheck.as_view()),
    path("webhooks/<str:source>", views.WebhookIngest.as_view()),
    path("api/retry-queue", retry_queue.RetryQueue.as_view()),
    path("api/dlq", dead_letters.DeadLetterList.as_view()),
    path("api/dlq/stats", dead_letters.DeadLetterStats.as_view()),
    path("api/dlq/retry-all", dead_letters.RetryAll.as_view()),
    path("api/dlq/retry", dead_letters.RetryMatching.as_view()),
    path("api/dlq/archive", dead_letters.ArchiveMatching.as_view()),
    path("api/dlq/<int:id>", dead_letters.DeadLetterDetail.as_view()),
    path("api/dlq/<int:id>/retry", dead_letters.RetryOne.as_view()),
    path("api/dlq/<int:id>/archive", dead_letters.ArchiveOne.as_view()),
    path("api/dlq/<int:id>/restore", dead_letters.RestoreOne.as_view()),
    path("circuit-breakers", circuit_breakers.Breakers.as_view()),
    path("circuit-breakers/<str:service>/reset", circuit_breakers.ResetBreaker.as_view()),
    path("circuit-breakers/<str:service>/pause", circuit_breakers.PauseService.as_view()),
    path("circuit-breakers/<str:service>/resume", circuit_breakers.ResumeService.as_view()),
]
