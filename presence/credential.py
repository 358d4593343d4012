"""The signed code on a card, version 1: `TS1:` + base45 of a COSE_Sign1 CWT (RFC 8392).

The text is upper case, so a QR holds it in its alphanumeric mode. It carries times, a random
number and the card's place in the status lists: a photographed card leaks nothing about a person.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import floor

import cbor2

from presence import base45, cose
from presence.card import MAX_CODE_CHARACTERS, CardRef, Credential
from presence.errors import CredentialError, SignatureError
from presence.trust import Purpose, SigningKey, TrustedKey, TrustList, trust_list

PREFIX = "TS1:"
CTI_BYTES = 8
MAX_REF = 2**31
_EXP, _IAT, _CTI, _STATUS = 4, 6, 7, -65537
_ALGORITHM, _KEY_ID = 1, 4


def issue_code(
    key: SigningKey, card: CardRef, cti: bytes, issued: datetime, expires: datetime
) -> str:
    """The text for a new card. `cti` is 8 random bytes, never used before.

    Raises ValueError when an argument cannot stand on a card, so that nothing is ever printed
    that a kiosk would refuse.
    """
    if key.purpose is not Purpose.CARD:
        raise ValueError(f"a key for {key.purpose} cannot sign cards")
    if issued.tzinfo is None or expires.tzinfo is None:
        raise ValueError("the times of a card need a time zone")
    if expires <= issued:
        raise ValueError("a card must expire after it was issued")
    claims = {
        _EXP: floor(expires.timestamp()),
        _IAT: floor(issued.timestamp()),
        _CTI: cti,
        _STATUS: [card.list, card.index],
    }
    text = PREFIX + base45.encode(cose.sign(cbor2.dumps(claims, canonical=True), key))
    public = key.private_key.public_key()
    alone = TrustedKey(key.kid, public, key.purpose, issued - timedelta(seconds=1), expires)
    verify_code(text, trust_list([alone]))
    return text


def verify_code(text: str, trust: TrustList) -> Credential:
    """The credential in a card's text, if it is genuine.

    Being genuine says nothing about being valid now: expiry and card state are for `decide`.
    Raises CredentialError, whose message never repeats the text.
    """
    if len(text) > MAX_CODE_CHARACTERS:
        raise CredentialError(f"longer than {MAX_CODE_CHARACTERS} characters")
    if not text.startswith(PREFIX):
        raise CredentialError("not a TS1 code")
    try:
        token = cose.parse(base45.decode(text[len(PREFIX) :]))
        if set(token.header) != {_ALGORITHM, _KEY_ID}:
            raise CredentialError("the protected header is not that of a card")
        key = cose.verify(token, Purpose.CARD, trust)
        credential = _claims(cose.load_map(token.payload), key.kid)
    except SignatureError as error:
        raise CredentialError(str(error)) from error
    except CredentialError:
        raise
    except ValueError as error:
        raise CredentialError("not base45") from error
    if not key.is_valid_at(credential.issued):
        raise CredentialError("the key was not valid when the card was issued")
    return credential


def _claims(claims: Mapping[object, object], kid: bytes) -> Credential:
    if set(claims) != {_EXP, _IAT, _CTI, _STATUS}:
        raise CredentialError("not exactly the claims of a card")
    exp, iat, cti, status = (claims[name] for name in (_EXP, _IAT, _CTI, _STATUS))
    if type(exp) is not int or type(iat) is not int:
        raise CredentialError("times are whole seconds")
    if type(cti) is not bytes or len(cti) != CTI_BYTES:
        raise CredentialError("the card's number is not 8 bytes")
    if not isinstance(status, Sequence) or isinstance(status, str | bytes) or len(status) != 2:
        raise CredentialError("the status reference is not a pair")
    number, index = status
    if not (_is_ref(number) and _is_ref(index)):
        raise CredentialError("the status reference is out of range")
    return Credential(CardRef(number, index), cti, cose.instant(iat), cose.instant(exp), kid)


def _is_ref(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_REF
