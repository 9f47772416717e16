"""Which user a certificate belongs to: the setting ``CLIENTCERT_USER``, and the user model asked by it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, Group
from django.core.exceptions import FieldDoesNotExist

from clientcert.core.identity import ClientIdentity
from clientcert.core.names import AmbiguousNameError
from clientcert.core.policy import Rule, authenticated
from clientcert.errors import ConfigurationError

SETTING: Final = "CLIENTCERT_USER"


def _common_name(identity: ClientIdentity) -> str | None:
    try:
        return identity.common_name
    except AmbiguousNameError:
        return None


def _only(values: tuple[str, ...]) -> str | None:
    """The value where there is one; of several, nobody could say which one is meant."""
    return values[0] if len(values) == 1 else None


def _serial(identity: ClientIdentity) -> str | None:
    if identity.issuer_key_id is None or identity.serial_hex is None:
        return None
    return f"{identity.issuer_key_id}:{identity.serial_hex}"


ATTRIBUTES: Final[Mapping[str, Callable[[ClientIdentity], str | None]]] = {
    "common_name": _common_name,
    "dns_name": lambda identity: _only(identity.dns_names),
    "email_address": lambda identity: _only(identity.email_addresses),
    "fingerprint_sha256": lambda identity: identity.fingerprint_sha256,
    "serial": _serial,
    "spiffe_id": lambda identity: None if identity.spiffe_id is None else identity.spiffe_id.uri,
    "spki_sha256": lambda identity: identity.spki_sha256,
    "subject": lambda identity: identity.subject.rfc4514 or None,
    "uri": lambda identity: _only(identity.uris),
    "user_principal_name": lambda identity: _only(identity.user_principal_names),
}
"""What may name a user; None where the certificate has no such value, or several. ``serial`` is that of the issuer's
key and the serial number, with a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMapping:
    """
    The setting ``CLIENTCERT_USER``.

    Attributes:
        attribute: Of the identity; one of `ATTRIBUTES`.
        user_field: Of the user model, compared exactly; its ``USERNAME_FIELD`` where empty.
        rule: Whose certificates name users at all. With several CAs, say which of them may name whom: ``issued_by``.
        create: Make a user who is not there, without a usable password. The field must be unique.
        groups: Group → rule, or names of roles that are groups as well. A user is in exactly those of these groups
            that the certificate gives; in other groups as before. Groups that do not exist are given to nobody.

    Raises:
        ConfigurationError: Anything else; the text names the field.
    """

    attribute: str
    user_field: str = ""
    rule: Rule = field(default_factory=authenticated)
    create: bool = False
    groups: Mapping[str, Rule] | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every field."""
        if self.attribute not in ATTRIBUTES:
            raise ConfigurationError(f"attribute is {self.attribute!r}, wanted one of: {', '.join(ATTRIBUTES)}")
        if not isinstance(self.rule, Rule):
            raise ConfigurationError(f"rule is {self.rule!r}, wanted a rule such as issued_by(...)")
        if not isinstance(self.create, bool):
            raise ConfigurationError(f"create is {self.create!r}, wanted True or False")
        groups: Any = self.groups
        rules = groups.values() if isinstance(groups, Mapping) else ()
        if isinstance(groups, str) or not all(isinstance(name, str) and name for name in groups):
            raise ConfigurationError(f"groups is {self.groups!r}, wanted a dict of names and rules, or names of roles")
        for rule in rules:
            if not isinstance(rule, Rule):
                raise ConfigurationError(f'groups has {rule!r} in the place of a rule such as ou("ops")')

    @classmethod
    def from_settings(cls) -> Self | None:
        """
        Read the setting; None where it is not set.

        Raises:
            ConfigurationError: It is refused; the text names setting and key.
        """
        setting: Any = getattr(settings, SETTING, None)
        if setting is None or isinstance(setting, cls):
            return setting
        legal = [each.name for each in fields(cls)]
        if not isinstance(setting, dict) or "attribute" not in setting:
            raise ConfigurationError(f'settings.{SETTING} is {setting!r}, wanted e.g. {{"attribute": "email_address"}}')
        unknown = sorted(set(setting) - set(legal))
        if unknown:
            raise ConfigurationError(
                f"settings.{SETTING}: unknown key {unknown[0]!r}, wanted one of: {', '.join(legal)}"
            )
        groups = setting.get("groups", ())
        values = {**setting, "groups": groups if isinstance(groups, Mapping | str) else tuple(groups)}
        try:
            return cls(**values)
        except ConfigurationError as exc:
            raise ConfigurationError(f"settings.{SETTING}: {exc}") from exc

    @property
    def column(self) -> str:
        """The field of the user model in use."""
        model: Any = get_user_model()
        return self.user_field or str(model.USERNAME_FIELD)

    def problems(self) -> Iterator[str]:
        """Yield what does not fit the user model in use, for the system checks."""
        try:
            field: Any = get_user_model()._meta.get_field(self.column)  # noqa: SLF001 - the name Django documents
        except FieldDoesNotExist:
            yield f"settings.{SETTING}: user_field {self.column!r} is not a field of the user model"
            return
        if not field.unique and self.create:
            yield f"settings.{SETTING}: create needs a unique field, and {self.column!r} is not"

    def user_for(self, identity: ClientIdentity) -> AbstractBaseUser | None:
        """
        Find, or where so configured make, the user whom a certificate names; None where it names none.

        Asks the database. Safe against two requests that make the same user: the field's uniqueness decides.
        """
        value = ATTRIBUTES[self.attribute](identity)
        if not self.rule.check(identity).allowed or not self._is_storable(value):
            return None
        model: Any = get_user_model()
        if self.create:
            given = {model.USERNAME_FIELD: value, "password": make_password(None)}
            user, _ = model._default_manager.get_or_create(**{self.column: value}, defaults=given)  # noqa: SLF001
        else:
            try:
                user = model._default_manager.get(**{self.column: value})  # noqa: SLF001 - the name Django documents
            except (model.DoesNotExist, model.MultipleObjectsReturned):
                return None
        # Some collations find "ALICE" for "alice".
        if getattr(user, self.column) != value:
            return None
        self._give_groups(user, identity)
        found: AbstractBaseUser = user
        return found

    def _is_storable(self, value: str | None) -> bool:
        """Whether a column could hold a value that came from a certificate: PostgreSQL refuses NUL with an error."""
        longest = getattr(get_user_model()._meta.get_field(self.column), "max_length", None)  # noqa: SLF001
        return bool(value) and value is not None and value.isprintable() and len(value) <= (longest or len(value))

    def _give_groups(self, user: Any, identity: ClientIdentity) -> None:
        if not self.groups:
            return
        wanted = set(self._groups_of(identity))
        current = set(user.groups.filter(name__in=list(self.groups)).values_list("name", flat=True))
        if current - wanted:
            user.groups.remove(*Group.objects.filter(name__in=current - wanted))
        if wanted - current:
            user.groups.add(*Group.objects.filter(name__in=wanted - current))

    def _groups_of(self, identity: ClientIdentity) -> Iterable[str]:
        if isinstance(self.groups, Mapping):
            return [name for name, rule in self.groups.items() if rule.check(identity).allowed]
        roles = identity.roles
        return roles.intersection(self.groups)
