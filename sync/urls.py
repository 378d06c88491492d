from django.urls import path

from sync.api import views

urlpatterns = [
    path("api/sync/jobs", views.JobsView.as_view()),
    path("api/sync/jobs/<str:name>/start", views.StartJob.as_view()),
    path("api/sync/start", views.StartByType.as_view()),
    path("api/sync/runs", views.RunList.as_view()),
    path("api/sync/runs/<int:id>", views.RunDetail.as_view()),
    path("api/sync/runs/<int:id>/cancel", views.CancelRun.as_view()),
]
