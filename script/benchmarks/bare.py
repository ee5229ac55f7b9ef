"""The yardstick of intake: the product's Django with one view that does one INSERT and nothing else."""

from __future__ import annotations

import os

# ruff: noqa: E402 - Django must be set up before its models are imported

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")

import django

django.setup()

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tickets.models import Delivery


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Store the body; answer."""
    Delivery.objects.create(
        channel=Delivery.Channel.DATTO_RMM, state=Delivery.State.TEST, body=request.body.decode()
    )
    return HttpResponse(status=202)


urlpatterns = [path("bare/", bare)]
settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
