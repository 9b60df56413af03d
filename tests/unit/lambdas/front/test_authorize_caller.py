"""Tokens are made with `cryptography`, whose signatures judge the verification here."""

from __future__ import annotations

import base64
import functools
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from contracts.settings import AuthorizeCallerSettings
from lambdas.authorize_caller import handler as authorize
from lambdas.authorize_caller.issuer import IssuerKeys, IssuerUnreachableError
from lambdas.authorize_caller.signatures import PublicKey, UnusableKeyError, unpadded
from lambdas.authorize_caller.tokens import Token, TokenRefusedError, bearer_of
from tests.unit.lambdas.conftest import set_environment

ISSUER = "https://id.example.com/pool"
ARN = "arn:aws:execute-api:us-east-1:111122223333:abcdef1234/live/POST/v1/predictions"
STAGE = "arn:aws:execute-api:us-east-1:111122223333:abcdef1234/live"
NOW = 1_800_000_000.0
HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


@functools.cache
def private_key(number: int = 1, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jwk(number: int = 1, **changes: Any) -> dict[str, Any]:
    numbers = private_key(number).public_key().public_numbers()
    modulus, exponent = (
        text(value.to_bytes((value.bit_length() + 7) // 8)) for value in (numbers.n, numbers.e)
    )
    return {"kty": "RSA", "use": "sig", "kid": f"k{number}", "n": modulus, "e": exponent, **changes}


def claims(**changes: Any) -> dict[str, Any]:
    found = {"iss": ISSUER, "sub": "ann", "aud": "shop", "exp": NOW + 600, "scope": "predict", **changes}
    return {name: value for name, value in found.items() if value is not None}


def token(said: dict[str, Any], *, number: int = 1, alg: str = "RS256", **header: Any) -> str:
    head = {"alg": alg, "kid": f"k{number}", **header}
    signed = ".".join(text(json.dumps(part).encode()) for part in (head, said))
    made = private_key(number).sign(signed.encode(), padding.PKCS1v15(), HASHES[alg])
    return f"{signed}.{text(made)}"


class Pages:
    """An issuer's two documents; `down` takes it off the network."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.down = False
        self.asked: list[str] = []
        self.about: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}

    def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        if self.down:
            raise IssuerUnreachableError(address)
        return json.dumps({"keys": self.keys} if address.endswith("/keys") else self.about).encode()


def bearer(said: dict[str, Any]):
    return bearer_of(said, issuer=ISSUER, audiences=frozenset({"shop", "app"}), now_seconds=NOW)


@pytest.mark.parametrize("alg", HASHES)
def test_a_signature_of_the_key_is_good_and_one_of_another_or_over_other_bytes_is_not(alg):
    read = Token.read(token(claims(), alg=alg))
    mine, other = PublicKey.read(jwk()), PublicKey.read(jwk(2))
    assert mine.signed(read.signed_part, read.signature, alg)
    assert not other.signed(read.signed_part, read.signature, alg)
    assert not mine.signed(read.signed_part + b"x", read.signature, alg)
    for place in (0, 100, 255):
        broken = bytearray(read.signature)
        broken[place] ^= 1
        assert not mine.signed(read.signed_part, bytes(broken), alg)


def test_a_signature_of_another_length_or_beyond_the_modulus_is_none():
    key = PublicKey.read(jwk())
    read = Token.read(token(claims()))
    assert not key.signed(read.signed_part, b"\0" + read.signature, "RS256")
    assert not key.signed(read.signed_part, read.signature[1:], "RS256")
    assert not key.signed(read.signed_part, b"\xff" * 256, "RS256")
    number = int.from_bytes(read.signature) + key.modulus
    assert not key.signed(read.signed_part, number.to_bytes(257), "RS256")


def test_a_key_is_used_for_the_algorithm_that_it_is_for():
    key = PublicKey.read(jwk(alg="RS512"))
    read = Token.read(token(claims()))
    assert not key.signed(read.signed_part, read.signature, "RS256")


@pytest.mark.parametrize(
    "document",
    [
        jwk(kty="EC"),
        jwk(use="enc"),
        {**jwk(), "n": text(b"\xff" * 128)},
        {**jwk(), "e": text(b"\1")},
        {**jwk(), "n": "%"},
        {"kty": "RSA"},
    ],
)
def test_a_key_that_is_weak_or_of_another_kind_is_not_used(document):
    with pytest.raises(UnusableKeyError):
        PublicKey.read(document)


@pytest.mark.parametrize("given", ["a=", "a", "YQ==", "Y Q", "YR", "+/8"])
def test_base64url_is_read_strictly(given):
    with pytest.raises(ValueError, match="base64url"):
        unpadded(given)


def unsigned(head: dict[str, Any]) -> str:
    return ".".join([*(text(json.dumps(part).encode()) for part in (head, claims())), text(b"x")])


@pytest.mark.parametrize(
    "given",
    [
        "",
        "a.b",
        "a.b.c",
        "x" * 20_000,
        unsigned({"alg": "none"}),
        unsigned({"alg": "HS256"}),
        unsigned({"alg": "ES256"}),
        unsigned({"alg": "RS256", "crit": ["b64"]}),
        unsigned({}),
    ],
)
def test_what_is_no_token_or_signed_otherwise_is_refused(given):
    with pytest.raises(TokenRefusedError):
        Token.read(given)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://id.example.com/other"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "bank"}, "somebody else"),
        ({"aud": None}, "somebody else"),
        ({"aud": [1, None]}, "somebody else"),
        ({"token_use": "id"}, "gives no access"),
        ({"exp": NOW - 31}, "has expired"),
        ({"exp": None}, "has expired"),
        ({"exp": "tomorrow"}, "its exp is no time"),
        ({"exp": True}, "its exp is no time"),
        ({"exp": float("nan")}, "its exp is no time"),
        ({"nbf": NOW + 31}, "not good yet"),
        ({"sub": None}, "no subject"),
        ({"sub": 7}, "no subject"),
    ],
)
def test_a_token_of_another_issuer_audience_or_time_is_refused(changes, reason):
    with pytest.raises(TokenRefusedError, match=reason):
        bearer(claims(**changes))


def test_clocks_may_differ_by_half_a_minute():
    assert bearer(claims(exp=NOW - 29, nbf=NOW + 29)).expires == NOW + 1


def test_each_issuer_s_way_of_writing_audience_and_scopes_is_read():
    cognito = claims(aud=None, client_id="app", token_use="access", scope="housing/predict housing/labels")
    assert bearer(cognito).scopes == {"housing/predict", "housing/labels"}
    assert bearer(claims(aud=["bank", "shop"], scope=None, scp=["predict"])).scopes == {"predict"}
    assert bearer(claims(scope=None, scp="predict labels")).scopes == {"predict", "labels"}
    assert bearer(claims(scope=None)).scopes == frozenset()


def test_two_subjects_and_the_same_subject_of_two_issuers_are_different_callers():
    assert bearer(claims()).caller != bearer(claims(sub="bob")).caller
    assert ISSUER in bearer(claims()).caller


def test_keys_are_fetched_once_an_hour_and_for_a_new_key():
    pages = Pages(jwk())
    keys = IssuerKeys(ISSUER, pages)
    assert keys.key("k1", NOW)
    assert keys.key("k1", NOW + 3599)
    assert len(pages.asked) == 2
    pages.keys.append(jwk(2))
    assert keys.key("k2", NOW + 3599)
    assert len(pages.asked) == 4
    assert keys.key("k1", NOW + 3599 + 3600)
    assert len(pages.asked) == 6


def test_made_up_keys_do_not_make_it_ask_without_end():
    pages = Pages(jwk())
    keys = IssuerKeys(ISSUER, pages)
    assert all(keys.key(f"made up {n}", NOW + n / 100) is None for n in range(1000))
    assert len(pages.asked) == 2


def test_a_key_that_was_withdrawn_is_gone():
    pages = Pages(jwk(), jwk(2))
    keys = IssuerKeys(ISSUER, pages)
    assert keys.key("k2", NOW)
    pages.keys.pop()
    assert keys.key("k2", NOW + 3600) is None


def test_an_issuer_that_is_down_opens_nothing_and_locks_nobody_out_for_a_day():
    pages = Pages(jwk())
    keys = IssuerKeys(ISSUER, pages)
    pages.down = True
    for _ in range(2):
        with pytest.raises(IssuerUnreachableError):
            keys.key("k1", NOW)
    pages.down = False
    assert keys.key("k1", NOW)
    pages.down = True
    assert keys.key("k1", NOW + 80_000)
    with pytest.raises(IssuerUnreachableError):
        keys.key("k2", NOW + 80_100)
    with pytest.raises(IssuerUnreachableError):
        keys.key("k1", NOW + 90_000)


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example.com", "jwks_uri": f"{ISSUER}/keys"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/keys"},
        {"issuer": ISSUER},
    ],
)
def test_a_discovery_document_that_does_not_fit_is_not_believed(about):
    pages = Pages(jwk())
    pages.about = about
    with pytest.raises(IssuerUnreachableError):
        IssuerKeys(ISSUER, pages).key("k1", NOW)


@pytest.fixture
def pages() -> Pages:
    return Pages(jwk(), {"kty": "EC", "kid": "other"})


@pytest.fixture
def ask(monkeypatch, context, pages):
    keys = IssuerKeys(ISSUER, pages)
    monkeypatch.setattr(authorize, "_keys", lambda issuer: keys)
    monkeypatch.setattr(time, "time", lambda: NOW)
    settings = AuthorizeCallerSettings(
        token_issuer=ISSUER, token_audiences="shop app", predict_scope="predict", labels_scope="labels"
    )
    set_environment(monkeypatch, settings)

    def ask(header: str) -> dict[str, Any]:
        event = {"type": "TOKEN", "authorizationToken": header, "methodArn": ARN}
        return authorize.handler(event, context)

    return ask


def allowed(answer: dict[str, Any]) -> set[str]:
    (statement,) = answer["policyDocument"]["Statement"]
    return (
        {arn.removeprefix(f"{STAGE}/") for arn in statement["Resource"]}
        if statement["Effect"] == "Allow"
        else set()
    )


@pytest.mark.parametrize(
    ("scope", "methods"),
    [
        ("predict", {"POST/v1/predictions", "GET/v1/model", "GET/v1/openapi.json"}),
        ("labels", {"POST/v1/labels"}),
        ("predict-all labelsx", set()),
        ("", set()),
    ],
)
def test_a_scope_opens_its_own_methods_and_no_others(ask, scope, methods):
    answer = ask(f"Bearer {token(claims(scope=scope))}")
    assert allowed(answer) == methods
    assert answer["context"] == {"caller": f"{ISSUER}#ann", "expires": str(int(NOW + 630))}


@pytest.mark.parametrize(
    "header",
    ["", "Basic YQ==", "Bearer", "Bearer x", f"Bearer {token(claims(), number=2)}"],
    ids=["nothing", "basic", "empty", "no token", "unknown key"],
)
def test_who_is_not_let_in_gets_the_very_word_that_is_a_401(ask, header):
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        ask(header)


def test_another_s_signature_under_a_known_key_s_name_is_refused(ask):
    forged = token(claims(), number=2, kid="k1")
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        ask(f"Bearer {forged}")


def test_an_issuer_that_cannot_be_reached_is_another_error(ask, pages):
    pages.down = True
    with pytest.raises(IssuerUnreachableError):
        ask(f"Bearer {token(claims())}")
