"""One line that sets a Starlette app up: the middleware, the answers, and the audit at start."""

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from clientcert.asgi import ClientCertMiddleware
from clientcert.config import ClientCertConfig, resolve_config
from clientcert.errors import ConfigurationError
from clientcert.starlette.audit import audit
from clientcert.starlette.refusal import Refused, handle_refused


def install(app: Starlette, config: ClientCertConfig | None = None, **keywords: Any) -> None:
    """
    Put `ClientCertMiddleware` around an app, answer its rules' refusals, and audit it when it starts.

    Args:
        app: The app. CORS middleware, which answers preflight requests without a certificate, is added after this.
        config: A `ClientCertConfig`.
        keywords: Or its fields.

    Raises:
        ConfigurationError: What `ClientCertConfig` refuses, and a second call; at the app's start what `Audit.check`
            refuses.
    """
    if any(entry.cls is ClientCertMiddleware for entry in app.user_middleware):
        raise ConfigurationError("ClientCertMiddleware is installed twice on this app; keep one")
    app.add_middleware(ClientCertMiddleware, config=resolve_config(config, keywords))
    app.exception_handlers.setdefault(Refused, handle_refused)
    build = app.build_middleware_stack

    def build_audited() -> ASGIApp:
        audit(app).check()
        return build()

    # Starlette builds the stack once, at the first scope, when every route and middleware is known.
    app.build_middleware_stack = build_audited  # type: ignore[method-assign]
