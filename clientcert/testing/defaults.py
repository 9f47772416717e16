"""What a certificate looks like where no knob says otherwise."""

import re

from cryptography import x509

from clientcert.testing.knobs import Knobs

_X509_V3 = 3

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?!\d+(\.\d+)*\Z){_LABEL}(\.{_LABEL})*")


def client_knobs(common_name: str | None) -> Knobs:
    """Return the extensions of a good client certificate."""
    # A path validator of the web kind wants a subject alternative name; a common name with spaces has none to offer.
    is_host_name = common_name is not None and _HOST_NAME.fullmatch(common_name) is not None
    return Knobs(
        subject_key_identifier=True,
        authority_key_identifier=True,
        basic_constraints=x509.BasicConstraints(ca=False, path_length=None),
        key_usage=["digitalSignature"],
        extended_key_usage=["clientAuth"],
        san=[f"DNS:{common_name}"] if is_host_name else None,
    )


def authority_knobs() -> Knobs:
    """Return the extensions and the lifetime of a good authority."""
    return Knobs(
        valid_days=3650,
        subject_key_identifier=True,
        authority_key_identifier=True,
        basic_constraints=x509.BasicConstraints(ca=True, path_length=None),
        key_usage=["keyCertSign", "cRLSign"],
    )


def complete(defaults: Knobs, knobs: Knobs, *, self_signed: bool) -> Knobs:
    """
    Put the caller's knobs over the defaults.

    Raises:
        TypeError: A knob that does not exist, with the legal ones.
    """
    if unknown := knobs.keys() - Knobs.__annotations__.keys():
        legal = ", ".join(Knobs.__annotations__)
        raise TypeError(f"unknown knob {', '.join(sorted(unknown))}: the legal ones are {legal}")
    if knobs.get("version", _X509_V3) != _X509_V3:
        defaults = Knobs(valid_days=defaults["valid_days"]) if "valid_days" in defaults else Knobs()
    elif self_signed:
        defaults = defaults | Knobs(authority_key_identifier=None)
    return defaults | knobs
