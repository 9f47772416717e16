from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse

from clientcert.django import client_identity


def whoami(request: HttpRequest) -> JsonResponse:
    client = client_identity(request)
    if client is None:  # only on exempt paths and with mode="optional"
        raise PermissionDenied
    return JsonResponse(
        {
            "subject": client.subject.rfc4514,
            "issuer": client.issuer.rfc4514,
            "serial": client.serial_hex,
            "evidence": client.evidence.level.name,
        }
    )


def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})
