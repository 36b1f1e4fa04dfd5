import itertools

import pytest

pytest.importorskip("jwt")
ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")

from pykube_core.apiserver.auth.tokens import (  # noqa: E402
    ISSUER,
    Bound,
    InvalidTokenError,
    ServiceAccountTokens,
    TokenReader,
    TokenTable,
    bearer_token,
)
from pykube_core.apiserver.auth.user import User  # noqa: E402

ACCOUNT = {"metadata": {"namespace": "demo", "name": "robot", "uid": "u1"}}


class World:
    def __init__(self):
        self.now_ns = 1_795_407_362 * 10**9
        self.objects = {("serviceaccounts", "demo", "robot"): ACCOUNT}
        self.tokens = self.issuer()

    def issuer(self):
        ids = map(str, itertools.count())
        return ServiceAccountTokens(
            ec.generate_private_key(ec.SECP256R1()),
            lookup=lambda *key: self.objects.get(key),
            clock=lambda: self.now_ns,
            new_id=lambda: next(ids),
        )

    def refusal(self, token, audiences=(ISSUER,)):
        with pytest.raises(InvalidTokenError) as caught:
            self.tokens.authenticate(token, audiences)
        return str(caught.value)


@pytest.fixture
def world():
    return World()


def test_a_token_of_a_service_account_is_read_again(world):
    token = world.tokens.issue(ACCOUNT, [ISSUER], 3600)
    found = world.tokens.authenticate(token, (ISSUER, "other"))
    assert found.audiences == (ISSUER,)
    assert found.user == User(
        "system:serviceaccount:demo:robot",
        "u1",
        ("system:serviceaccounts", "system:serviceaccounts:demo", "system:authenticated"),
        {"authentication.kubernetes.io/credential-id": ("JTI=0",)},
    )


def test_a_token_is_over_when_its_time_is(world):
    token = world.tokens.issue(ACCOUNT, [ISSUER], 600)
    world.now_ns += 700 * 10**9
    assert world.refusal(token) == "service account token has expired"
    world.now_ns -= 3600 * 10**9
    assert world.refusal(token) == "service account token is not valid yet"


def test_a_token_is_for_its_audiences_alone(world):
    token = world.tokens.issue(ACCOUNT, ["vault"], 600)
    assert world.refusal(token) == (
        f'token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]'
    )


def test_a_token_goes_with_its_account_and_its_pod(world):
    pod = {"metadata": {"name": "p", "namespace": "demo", "uid": "u2"}}
    world.objects["pods", "demo", "p"] = pod
    token = world.tokens.issue(ACCOUNT, [ISSUER], 600, Bound("pod", "p", "u2", ("n1", "u3")))
    extra = world.tokens.authenticate(token, [ISSUER]).user.extra
    assert extra["authentication.kubernetes.io/pod-name"] == ("p",)
    assert extra["authentication.kubernetes.io/node-name"] == ("n1",)
    assert extra["authentication.kubernetes.io/node-uid"] == ("u3",)
    pod["metadata"]["uid"] = "u4"
    assert world.refusal(token) == (
        "pod UID (u4) does not match service account pod ref claim (u2)"
    )
    del world.objects["pods", "demo", "p"]
    assert world.refusal(token) == "service account token has been invalidated"
    del world.objects["serviceaccounts", "demo", "robot"]
    assert world.refusal(token) == 'serviceaccounts "robot" not found'


def test_a_token_that_another_key_signed_is_refused(world):
    assert world.refusal(world.issuer().issue(ACCOUNT, [ISSUER], 600)) == "invalid signature"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\udc80"])
def test_what_is_no_token_is_nobodys(world, token):
    reader = TokenReader([TokenTable({"viewer": User("jane")}), world.tokens])
    with pytest.raises(InvalidTokenError, match="invalid bearer token"):
        reader.authenticate(token)


def test_a_table_knows_its_tokens():
    found = TokenTable({"viewer": User("jane", groups=("dev",))}).authenticate("viewer", ("a",))
    assert found.user.groups == ("dev", "system:authenticated")


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([("Authorization", "Bearer abc")], "abc"),
        ([("authorization", "bearer  abc ")], "abc"),
        ([("Authorization", "Basic abc")], ""),
        ([], ""),
    ],
)
def test_bearer_tokens_are_found_in_headers(headers, token):
    assert bearer_token(headers) == token
