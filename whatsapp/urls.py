from django.urls import path

from whatsapp import views

urlpatterns = [
    path("webhooks/whatsapp/<str:secret>", views.Webhook.as_view()),
    path("api/whatsapp/messages", views.MessageList.as_view()),
    path("api/whatsapp/messages/<int:id>", views.MessageDetail.as_view()),
]
