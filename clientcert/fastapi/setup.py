"""One line that sets a FastAPI app up."""

from typing import Any

from fastapi import FastAPI

from clientcert import starlette
from clientcert.config import ClientCertConfig
from clientcert.fastapi.openapi import document


def install(app: FastAPI, config: ClientCertConfig | None = None, **keywords: Any) -> None:
    """
    Put `ClientCertMiddleware` around an app, answer its rules' refusals, document them, and audit it when it starts.

    Args and errors: see `clientcert.starlette.install`.
    """
    starlette.install(app, config, **keywords)
    document(app)
