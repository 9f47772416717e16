from django.urls import path

from examples.django_site import views

urlpatterns = [path("whoami", views.whoami), path("healthz", views.healthz)]
