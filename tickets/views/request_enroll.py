"""Where a device fetches the link to its own request page: called by a component, authorised by the installation's secret."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integration.limits import client_address, take
from mappings.models import Device
from tickets.services.requests.links import fetch_link
from tickets.services.requests.policy import secret_fits

_MOST_BYTES: Final = 4096
_HOUR, _DAY = 3600, 86_400
#: Wrong secrets from one address in an hour; a secret has 256 random bits, so this only keeps noise down.
_WRONG_PER_HOUR: Final = 20
#: A whole site may sit behind one address, and a component runs on all of its devices at once.
_ADDRESS_PER_HOUR: Final = 2000
_DEVICE_PER_DAY: Final = 12
_LONGEST_UID: Final = 64


@csrf_exempt
@require_POST
@never_cache
def enroll(request: HttpRequest) -> HttpResponse:
    """POST /request/enroll/ with `Authorization: Bearer <secret>` and device_uid: answers with the device's link.

    JSON by default; with `Accept: text/plain` the bare address, for shells without a JSON parser.
    """
    address = client_address(request)
    problem = _refuse_noise(request, address)
    if problem is not None:
        return problem
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret_fits(secret.strip()):
        wrong = take("enroll-wrong", address, most=_WRONG_PER_HOUR, seconds=_HOUR)
        if wrong.is_allowed is False:
            return _too_many(wrong.retry_after_seconds)
        return _refuse(
            HTTPStatus.UNAUTHORIZED,
            "Authorization: the secret is missing or not this installation's.",
            "Copy it from Alerts & tickets > Requests > Set up devices into the component's variable.",
        )
    uid = _read_uid(request)
    if not uid:
        return _refuse(
            HTTPStatus.BAD_REQUEST,
            "device_uid: missing.",
            "Send the device's uid as device_uid, as a form field or in JSON.",
        )
    device = Device.objects.filter(datto_device_uid__iexact=uid, is_deleted=False).first()
    if device is None:
        return _refuse(
            HTTPStatus.NOT_FOUND,
            "device_uid: no such device is known here.",
            "New devices are read with the next device sync; run the component again after it.",
        )
    counted = take("enroll", f"device:{device.pk}", most=_DEVICE_PER_DAY, seconds=_DAY)
    if counted.is_allowed is None:
        return _busy()
    if not counted.is_allowed:
        return _too_many(counted.retry_after_seconds)
    made = fetch_link(device, timezone.now())
    if "text/plain" in request.headers.get("Accept", ""):
        return HttpResponse(f"{made.url}\n", content_type="text/plain; charset=utf-8")
    expires_at = made.link.expires_at
    return JsonResponse({"url": made.url, "expires_at": expires_at.isoformat() if expires_at else None})


def _refuse_noise(request: HttpRequest, address: str) -> HttpResponse | None:
    counted = take("enroll-address", address, most=_ADDRESS_PER_HOUR, seconds=_HOUR)
    if counted.is_allowed is None:
        # What cannot be counted is refused: a component comes again.
        return _busy()
    if not counted.is_allowed:
        return _too_many(counted.retry_after_seconds)
    length = request.headers.get("Content-Length", "0")
    if not length.isdigit() or int(length) > _MOST_BYTES:
        return _refuse(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The message is larger than {_MOST_BYTES} bytes.",
            "Send device_uid only.",
        )
    return None


def _read_uid(request: HttpRequest) -> str:
    value: object = request.POST.get("device_uid", "")
    if (request.content_type or "") == "application/json":
        try:
            body = json.loads(request.body)
        except ValueError:
            return ""
        value = body.get("device_uid", "") if isinstance(body, dict) else ""
    text = value.strip().strip("{}") if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_UID and text.isprintable() else ""


def _refuse(status: HTTPStatus, error: str, cure: str) -> HttpResponse:
    return JsonResponse({"error": error, "cure": cure}, status=status)


def _too_many(retry_after_seconds: int) -> HttpResponse:
    answer = _refuse(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many links were asked for.",
        f"Try again in {retry_after_seconds} seconds.",
    )
    answer["Retry-After"] = str(retry_after_seconds)
    return answer


def _busy() -> HttpResponse:
    answer = _refuse(
        HTTPStatus.SERVICE_UNAVAILABLE, "Links cannot be handed out right now.", "Try again in some minutes."
    )
    answer["Retry-After"] = "300"
    return answer
