"""
Attribute types of distinguished names: OIDs and their short names.

The names are those of OpenSSL's object table, because nginx, HAProxy, Apache and Envoy print them; RFC 4514 §3 differs
in one of them only (`STREET`).
"""

from functools import lru_cache

# The attribute types of X.520, RFC 4524 (pilot attributes), PKCS #9, RFC 3739, the CA/Browser Forum's jurisdiction
# fields and Russian certificates, as OpenSSL 3.0 spells them. OpenSSL knows a thousand further objects (algorithms,
# extensions); a name that uses one of those as an attribute type prints differently here and so fails a cross-check.
OPENSSL_SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.14": "searchGuide",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.18": "postOfficeBox",
    "2.5.4.19": "physicalDeliveryOfficeName",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.21": "telexNumber",
    "2.5.4.22": "teletexTerminalIdentifier",
    "2.5.4.23": "facsimileTelephoneNumber",
    "2.5.4.24": "x121Address",
    "2.5.4.25": "internationaliSDNNumber",
    "2.5.4.26": "registeredAddress",
    "2.5.4.27": "destinationIndicator",
    "2.5.4.28": "preferredDeliveryMethod",
    "2.5.4.29": "presentationAddress",
    "2.5.4.30": "supportedApplicationContext",
    "2.5.4.31": "member",
    "2.5.4.32": "owner",
    "2.5.4.33": "roleOccupant",
    "2.5.4.34": "seeAlso",
    "2.5.4.35": "userPassword",
    "2.5.4.36": "userCertificate",
    "2.5.4.37": "cACertificate",
    "2.5.4.38": "authorityRevocationList",
    "2.5.4.39": "certificateRevocationList",
    "2.5.4.40": "crossCertificatePair",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.47": "enhancedSearchGuide",
    "2.5.4.48": "protocolInformation",
    "2.5.4.49": "distinguishedName",
    "2.5.4.50": "uniqueMember",
    "2.5.4.51": "houseIdentifier",
    "2.5.4.52": "supportedAlgorithms",
    "2.5.4.53": "deltaRevocationList",
    "2.5.4.54": "dmdName",
    "2.5.4.65": "pseudonym",
    "2.5.4.72": "role",
    "2.5.4.97": "organizationIdentifier",
    "2.5.4.98": "c3",
    "2.5.4.99": "n3",
    "2.5.4.100": "dnsName",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.2": "textEncodedORAddress",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.4": "info",
    "0.9.2342.19200300.100.1.5": "favouriteDrink",
    "0.9.2342.19200300.100.1.6": "roomNumber",
    "0.9.2342.19200300.100.1.7": "photo",
    "0.9.2342.19200300.100.1.8": "userClass",
    "0.9.2342.19200300.100.1.9": "host",
    "0.9.2342.19200300.100.1.10": "manager",
    "0.9.2342.19200300.100.1.11": "documentIdentifier",
    "0.9.2342.19200300.100.1.12": "documentTitle",
    "0.9.2342.19200300.100.1.13": "documentVersion",
    "0.9.2342.19200300.100.1.14": "documentAuthor",
    "0.9.2342.19200300.100.1.15": "documentLocation",
    "0.9.2342.19200300.100.1.20": "homeTelephoneNumber",
    "0.9.2342.19200300.100.1.21": "secretary",
    "0.9.2342.19200300.100.1.22": "otherMailbox",
    "0.9.2342.19200300.100.1.23": "lastModifiedTime",
    "0.9.2342.19200300.100.1.24": "lastModifiedBy",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.26": "aRecord",
    "0.9.2342.19200300.100.1.27": "pilotAttributeType27",
    "0.9.2342.19200300.100.1.28": "mXRecord",
    "0.9.2342.19200300.100.1.29": "nSRecord",
    "0.9.2342.19200300.100.1.30": "sOARecord",
    "0.9.2342.19200300.100.1.31": "cNAMERecord",
    "0.9.2342.19200300.100.1.37": "associatedDomain",
    "0.9.2342.19200300.100.1.38": "associatedName",
    "0.9.2342.19200300.100.1.39": "homePostalAddress",
    "0.9.2342.19200300.100.1.40": "personalTitle",
    "0.9.2342.19200300.100.1.41": "mobileTelephoneNumber",
    "0.9.2342.19200300.100.1.42": "pagerTelephoneNumber",
    "0.9.2342.19200300.100.1.43": "friendlyCountryName",
    "0.9.2342.19200300.100.1.44": "uid",
    "0.9.2342.19200300.100.1.45": "organizationalStatus",
    "0.9.2342.19200300.100.1.46": "janetMailbox",
    "0.9.2342.19200300.100.1.47": "mailPreferenceOption",
    "0.9.2342.19200300.100.1.48": "buildingName",
    "0.9.2342.19200300.100.1.49": "dSAQuality",
    "0.9.2342.19200300.100.1.50": "singleLevelQuality",
    "0.9.2342.19200300.100.1.51": "subtreeMinimumQuality",
    "0.9.2342.19200300.100.1.52": "subtreeMaximumQuality",
    "0.9.2342.19200300.100.1.53": "personalSignature",
    "0.9.2342.19200300.100.1.54": "dITRedirect",
    "0.9.2342.19200300.100.1.55": "audio",
    "0.9.2342.19200300.100.1.56": "documentPublisher",
    "1.2.643.3.131.1.1": "INN",
    "1.2.643.100.1": "OGRN",
    "1.2.643.100.3": "SNILS",
    "1.2.643.100.5": "OGRNIP",
    "1.2.643.100.111": "subjectSignTool",
    "1.2.643.100.112": "issuerSignTool",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.3": "contentType",
    "1.2.840.113549.1.9.4": "messageDigest",
    "1.2.840.113549.1.9.5": "signingTime",
    "1.2.840.113549.1.9.6": "countersignature",
    "1.2.840.113549.1.9.7": "challengePassword",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.2.840.113549.1.9.9": "extendedCertificateAttributes",
    "1.2.840.113549.1.9.14": "extReq",
    "1.2.840.113549.1.9.20": "friendlyName",
    "1.2.840.113549.1.9.21": "localKeyID",
    "1.3.6.1.4.1.311.20.2.3": "msUPN",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
    "1.3.6.1.5.5.7.9.1": "id-pda-dateOfBirth",
    "1.3.6.1.5.5.7.9.2": "id-pda-placeOfBirth",
    "1.3.6.1.5.5.7.9.3": "id-pda-gender",
    "1.3.6.1.5.5.7.9.4": "id-pda-countryOfCitizenship",
    "1.3.6.1.5.5.7.9.5": "id-pda-countryOfResidence",
}

RFC4514_SHORT_NAMES = {**OPENSSL_SHORT_NAMES, "2.5.4.9": "STREET"}

_OIDS_BY_OPENSSL_NAME = {name: oid for oid, name in OPENSSL_SHORT_NAMES.items()}
_OIDS_BY_NAME = {**_OIDS_BY_OPENSSL_NAME, "STREET": "2.5.4.9"}

# OpenSSL prints an OID through an 80-byte buffer and cuts what is longer, so two types could print alike.
MAX_OID_CHARACTERS = 79
# That many characters never need more octets; the bound keeps the work on big integers constant.
_MAX_OID_OCTETS = 40
# Arcs under 0 and under 1 (X.660 §A.2), which share the first octets of the encoding with their parent.
_SECOND_ARCS = 40
_MORE = 0x80


def oid_of_openssl_name(name: str) -> str | None:
    """Dotted OID of one of OpenSSL's short names (case-sensitive), or None."""
    return _OIDS_BY_OPENSSL_NAME.get(name)


def oid_of(type_: str) -> str:
    """
    Dotted OID of an attribute type written by a person.

    Args:
        type_: A short name as `rfc4514` or OpenSSL prints it (case-sensitive), or a dotted OID.

    Raises:
        ValueError: Neither of them; a misspelt type must not silently match nothing.
    """
    oid = _OIDS_BY_NAME.get(type_)
    if oid is not None:
        return oid
    if is_dotted_oid(type_):
        return type_
    raise ValueError(f"unknown attribute type {type_!r}: use a short name such as CN, O, OU, or a dotted OID")


def is_dotted_oid(text: str) -> bool:
    """Whether the text is an OID in dotted decimal (RFC 4512 §1.4), at most 79 characters, two arcs or more."""
    if len(text) > MAX_OID_CHARACTERS or not text.isascii():
        return False
    arcs = text.split(".")
    if not all(arc.isdigit() and (arc[0] != "0" or arc == "0") for arc in arcs):
        return False
    first, *others = arcs
    return bool(others) and (first == "2" or (first in {"0", "1"} and int(others[0]) < _SECOND_ARCS))


# A handful of types makes up nearly all names and extensions; the cache is bounded, so that a peer can only empty it.
@lru_cache(maxsize=256)
def decode_oid(content: bytes) -> str:
    """
    Turn the content octets of an OBJECT IDENTIFIER (X.690 §8.19) into dotted decimal.

    Raises:
        ValueError: Empty, cut short, padded, or longer than 79 characters in dotted decimal.
    """
    if not 1 <= len(content) <= _MAX_OID_OCTETS:
        raise ValueError("OBJECT IDENTIFIER of unusable length")
    arcs: list[int] = []
    arc = 0
    started = False
    for octet in content:
        if not started and octet == _MORE:
            raise ValueError("padded arc in OBJECT IDENTIFIER")
        arc = arc << 7 | octet & ~_MORE
        started = octet >= _MORE
        if not started:
            arcs.append(arc)
            arc = 0
    if started:
        raise ValueError("OBJECT IDENTIFIER ends inside an arc")
    first = min(arcs[0] // _SECOND_ARCS, 2)
    dotted = ".".join(map(str, (first, arcs[0] - _SECOND_ARCS * first, *arcs[1:])))
    if len(dotted) > MAX_OID_CHARACTERS:
        raise ValueError("OBJECT IDENTIFIER longer than 79 characters")
    return dotted
