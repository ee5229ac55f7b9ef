"""The inbound doors. Each stores one row, answers, and leaves the rest to a worker."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integration.models import Connection
from tickets.services import receive
from tickets.tasks import enqueue_delivery

_NOT_FOUND = {
    "error": "This address is not known.",
    "cure": "Copy the address again from Settings > Inbound addresses.",
}


def _stored(field: str) -> str:
    """Return one secret of the connection, empty when there is none.

    Only that column: each encrypted one costs a decryption, and a storm brings many messages.
    """
    return Connection.objects.filter(pk=Connection.SINGLETON_ID).values_list(field, flat=True).first() or ""


def _read_body(request: HttpRequest) -> bytes | None:
    """Return the body, None when it is larger than any honest message."""
    try:
        if int(request.headers.get("Content-Length") or 0) > receive.MAX_BODY_BYTES:
            return None
    except ValueError:
        return None
    body = request.read(receive.MAX_BODY_BYTES + 1)
    return body if len(body) <= receive.MAX_BODY_BYTES else None


def _too_large() -> JsonResponse:
    return JsonResponse(
        {"error": f"The message is larger than {receive.MAX_BODY_BYTES} bytes.", "cure": "Send less text."},
        status=413,
    )


def _answer(receipt: receive.Receipt) -> JsonResponse:
    if receipt.delivery_id is not None:
        enqueue_delivery(receipt.delivery_id)
    return JsonResponse(receipt.answer, status=receipt.status)


@csrf_exempt
@require_http_methods(["POST"])
def datto_rmm(request: HttpRequest, secret: str) -> HttpResponse:
    """POST /hooks/datto-rmm/<secret>/: an alert was raised or resolved."""
    if not receive.secret_matches(secret, _stored("datto_hook_secret")):
        return JsonResponse(_NOT_FOUND, status=404)
    body = _read_body(request)
    if body is None:
        return _too_large()
    return _answer(
        receive.receive_datto(body, request.content_type or "", request.META.get("QUERY_STRING", ""))
    )


@csrf_exempt
@require_http_methods(["POST"])
def autotask_webhook(request: HttpRequest) -> HttpResponse:
    """POST /hooks/autotask/webhook/: a ticket changed; signed by Autotask."""
    body = _read_body(request)
    if body is None:
        return _too_large()
    return _answer(
        receive.receive_autotask(
            body,
            request.content_type or "",
            request.headers.get("X-Hook-Signature"),
            _stored("autotask_webhook_secret"),
        )
    )


@csrf_exempt
@require_http_methods(["GET", "POST"])
def autotask_callout(request: HttpRequest, secret: str) -> HttpResponse:
    """/hooks/autotask/callout/<secret>/: an extension callout of a workflow rule."""
    if not receive.secret_matches(secret, _stored("callout_secret")):
        return JsonResponse(_NOT_FOUND, status=404)
    body = _read_body(request)
    if body is None:
        return _too_large()
    return _answer(
        receive.receive_callout(body, request.content_type or "", request.META.get("QUERY_STRING", ""))
    )
