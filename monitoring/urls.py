from django.urls import path

from monitoring import views

urlpatterns = [
    path("dashboard", views.DashboardView.as_view()),
    path("status", views.StatusView.as_view()),
    path("alerts", views.AlertsView.as_view()),
    path("report/daily", views.DailyReportView.as_view()),
    path("report/weekly", views.WeeklyReportView.as_view()),
    path("health/detailed", views.DetailedHealthView.as_view()),
    path("api/events/stats", views.EventNumbersView.as_view()),
    path("api/sync/stats", views.SyncNumbersView.as_view()),
    path("metrics", views.MetricsView.as_view()),
]
