"""Rules on views: a decorator and a mixin, for sync and async views."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from clientcert.core.policy import Rule, authenticated
from clientcert.django.middleware import client_identity, gate_of, problem_response
from clientcert.errors import ConfigurationError
from clientcert.runtime.authorization import checked_rule, refusal

RULE_ATTRIBUTE = "client_cert_rule"
"""Where a view shows its rule."""

View = TypeVar("View", bound=Callable[..., Any])


def refused(request: HttpRequest, rule: Rule) -> HttpResponseBase | None:
    """Ask a rule about a request: None, or the response that refuses it."""
    identity = client_identity(request)
    problem = refusal(gate_of(request), rule, identity)
    return None if problem is None else problem_response(problem, request)


def client_cert_required(rule: Rule | None = None) -> Callable[[View], View]:
    """
    Let only those reach a view whom a rule allows; 401 without a certificate, 403 with one that it does not allow.

    Args:
        rule: Who may; every accepted client unless given.

    Raises:
        ConfigurationError: Something that is no rule.
    """
    asked = authenticated() if rule is None else checked_rule(rule, where="client_cert_required")

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def asynchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                response = refused(request, asked)
                return await view(request, *args, **kwargs) if response is None else response

            wrapper: Callable[..., Any] = asynchronous
        else:

            @wraps(view)
            def synchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                response = refused(request, asked)
                return view(request, *args, **kwargs) if response is None else response

            wrapper = synchronous
        inner: Rule | None = getattr(view, RULE_ATTRIBUTE, None)
        setattr(wrapper, RULE_ATTRIBUTE, asked if inner is None else asked & inner)
        return cast("View", wrapper)

    return decorate


class ClientCertRequiredMixin:
    """
    Lets only those reach a class-based view whom `client_cert_rule` allows; stands before `View` among the bases.

    Attributes:
        client_cert_rule: Who may; every accepted client unless set.

    Raises:
        ConfigurationError: A subclass sets something that is no rule, or lists the mixin behind a view.
    """

    client_cert_rule: ClassVar[Rule] = authenticated()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        checked_rule(cls.client_cert_rule, where=f"{cls.__name__}.client_cert_rule")
        if cls.dispatch is not ClientCertRequiredMixin.dispatch and _is_shadowed(cls):
            raise ConfigurationError(f"{cls.__name__}: ClientCertRequiredMixin stands before the view among the bases")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask the rule, then the view."""
        response = refused(request, self.client_cert_rule)
        if response is None:
            view: Any = super()
            answer: HttpResponseBase = view.dispatch(request, *args, **kwargs)
            return answer
        # Django awaits whatever a class with async handlers returns, and types it as the response all the same.
        return cast("HttpResponseBase", _awaitable(response)) if getattr(self, "view_is_async", False) else response


async def _awaitable(response: HttpResponseBase) -> HttpResponseBase:
    return response


def _is_shadowed(cls: type) -> bool:
    """Whether another base's ``dispatch`` comes first, which need not ask ours."""
    order = [base for base in cls.__mro__[1:] if "dispatch" in vars(base)]
    return "dispatch" not in vars(cls) and order[0] is not ClientCertRequiredMixin and _is_view(order[0])


def _is_view(base: type) -> bool:
    return base.__module__ == "django.views.generic.base"
