from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views import View

from clientcert.django import ClientCertRequiredMixin, client_cert_required, client_identity
from examples.with_authorization.policy import everyone, operators


@client_cert_required(everyone)
def read_orders(request: HttpRequest) -> JsonResponse:
    client = client_identity(request)
    return JsonResponse({"subject": client.subject.rfc4514 if client else "", "user": request.user.get_username()})


@client_cert_required(operators)
async def ops(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"subject": "operators only"})


class Report(ClientCertRequiredMixin, View):
    client_cert_rule = operators

    def get(self, _request: HttpRequest) -> JsonResponse:
        return JsonResponse({"report": "1"})


def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("orders", read_orders),
    path("ops", ops),
    path("reports/1", Report.as_view()),
    path("healthz", healthz),
]
