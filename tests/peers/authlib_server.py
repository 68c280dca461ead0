"""An authorization server on Authlib and Flask, on loopback, and an API behind it.

Authlib's own: password, JWT bearer, client credentials, refresh, revocation, introspection, every way a
client authenticates, and the API's bearer check. On its base class, since Authlib has none: token exchange
(RFC 8693), the SAML bearer grant (RFC 7522; encoding, audience and times are checked, the signature is
not), and a grant of this server's own. Nothing here shares code or keys with hallpass.

Prints one line, `listening {"url","keys"}`, where `keys` is a directory with clients' private keys; ends,
and removes it, when its input does.
"""

import base64
import datetime
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import (
    BaseGrant, ClientMixin, InvalidGrantError, InvalidRequestError, TokenEndpointMixin, TokenMixin,
    UnauthorizedClientError, grants,
)
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, jsonify, request
from joserfc.jwk import ECKey, OctKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

URN = "urn:ietf:params:oauth:"
SCOPES = "orders.read orders.write"
METHODS = ["client_secret_basic", "client_secret_post", "client_assertion_jwt", "none"]
# Breaks a client which does not form-encode before Basic (RFC 6749 section 2.3.1).
ODD = "50%25+a&b=c:d/e f?g"
PEOPLE = {"alice": "wonder land+&é", "bob": "builder"}

tokens, counts, used = [], {}, set()
lock = threading.RLock()


class Client(ClientMixin):
    def __init__(self, client_id, auth, secret="", key=None, people=tuple(PEOPLE)):
        self.client_id, self.auth, self.secret, self.people = client_id, auth, secret, people
        self.key = key or (OctKey.import_key(secret) if len(secret) >= 32 else None)

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return " ".join(s for s in (scope or "").split() if s in SCOPES.split())

    def check_client_secret(self, secret):
        return self.secret == secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.auth

    def check_grant_type(self, grant_type):
        return True


class Token(TokenMixin):
    def __init__(self, client_id, user, answer):
        self.client_id, self.user, self.answer = client_id, user, answer
        self.until = time.time() + answer["expires_in"]
        self.revoked = self.refreshed = False

    def check_client(self, client):
        return client.client_id == self.client_id

    def get_scope(self):
        return self.answer.get("scope", "")

    def get_expires_in(self):
        return self.answer["expires_in"]

    def is_expired(self):
        return self.until < time.time()

    def is_revoked(self):
        return self.revoked


def find(kind, text):
    return next((t for t in tokens if t.answer.get(kind) == text), None)


def save(answer, request):
    tokens.append(Token(request.client.client_id, request.user, answer))


class Password(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_user(self, username, password):
        return username if PEOPLE.get(username) == password else None

    def generate_token(self, *args, **more):
        life = 1 if self.request.client.client_id == "short" else 600
        return super().generate_token(*args, **{**more, "expires_in": life})


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS


class Refresh(grants.RefreshTokenGrant):
    """Each refresh token works once."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, text):
        token = find("refresh_token", text)
        return token if token and not token.refreshed and not token.revoked else None

    def authenticate_user(self, token):
        return token.user

    def revoke_old_credential(self, token):
        token.refreshed = True


class JwtBearer(JWTBearerGrant):
    def resolve_issuer_client(self, issuer):
        return clients.get(issuer)

    def resolve_client_public_key(self, client):
        return client.key

    def authenticate_user(self, subject):
        return subject if subject in PEOPLE else None

    def get_audiences(self):
        return [url, f"{url}/token"]

    def has_granted_permission(self, client, user):
        return user in client.people


class OwnGrant(BaseGrant, TokenEndpointMixin):
    """What the grants below have in common: an authenticated client, then an answer for a user."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_token_request(self):
        self.request.client = self.authenticate_token_endpoint_client()
        if not self.request.client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError()
        self.request.user = self.user()

    def parameter(self, name):
        values = self.request.payload.datalist.get(name) or [""]
        if len(values) != 1 or not values[0]:
            raise InvalidRequestError(f"'{name}' must be there once")
        return values[0]

    def create_token_response(self):
        answer = self.generate_token(user=self.request.user, scope=self.request.payload.scope,
                                     include_refresh_token=False)
        answer.update(self.more())
        self.save_token(answer)
        return 200, answer, self.TOKEN_RESPONSE_HEADER

    def more(self):
        return {}


class TokenExchange(OwnGrant):
    GRANT_TYPE = URN + "grant-type:token-exchange"

    def user(self):
        form, access = self.request.form, URN + "token-type:access_token"
        if self.parameter("subject_token_type") != access:
            raise InvalidRequestError("only access tokens are taken")
        if form.get("requested_token_type", access) != access:
            raise InvalidRequestError("only access tokens are given")
        subject = find("access_token", self.parameter("subject_token"))
        if not subject or subject.revoked or subject.is_expired():
            raise InvalidGrantError("the subject token is not active")
        self.actor = None
        if ("actor_token" in form) != ("actor_token_type" in form):
            raise InvalidRequestError("actor_token and actor_token_type come together")
        if "actor_token" in form:
            actor = find("access_token", self.parameter("actor_token"))
            if not actor or self.parameter("actor_token_type") != access:
                raise InvalidGrantError("the actor token is not active")
            self.actor = actor.user or actor.client_id
        return subject.user

    def more(self):
        act = {"act": {"sub": self.actor}} if self.actor else {}
        data = self.request.payload.datalist
        return {"issued_token_type": URN + "token-type:access_token", "audience": data.get("audience", []),
                "resource": data.get("resource", []), **act}


class SamlBearer(OwnGrant):
    GRANT_TYPE = URN + "grant-type:saml2-bearer"

    def user(self):
        text = self.parameter("assertion")
        if set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="):
            raise InvalidGrantError("the assertion is not base64url")
        try:
            root = xml.fromstring(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, xml.ParseError):
            raise InvalidGrantError("the assertion is no XML") from None
        space = "{urn:oasis:names:tc:SAML:2.0:assertion}"
        audience = root.findtext(f"{space}Conditions/{space}AudienceRestriction/{space}Audience")
        confirmed = root.find(f"{space}Subject/{space}SubjectConfirmation/{space}SubjectConfirmationData")
        if audience != url or confirmed is None or confirmed.get("Recipient") != f"{url}/token":
            raise InvalidGrantError("the assertion is for somebody else")
        until = datetime.datetime.fromisoformat(confirmed.get("NotOnOrAfter").replace("Z", "+00:00"))
        if until < datetime.datetime.now(datetime.timezone.utc):
            raise InvalidGrantError("the assertion is too old")
        user = root.findtext(f"{space}Subject/{space}NameID")
        if user not in PEOPLE:
            raise InvalidGrantError("nobody of that name")
        return user


class Ticket(OwnGrant):
    GRANT_TYPE = "custom-bearer"

    def user(self):
        if self.parameter("ticket") != "row 7, seat 12":
            raise InvalidGrantError("no such ticket")
        return "bob"


class ClientAssertion(JWTBearerClientAssertion):
    def get_audiences(self):
        return [url, f"{url}/token"]

    def validate_jti(self, claims, jti):
        with lock:
            seen = (claims["sub"], jti) in used
            used.add((claims["sub"], jti))
        return not seen

    def resolve_client_public_key(self, client):
        return client.key


class Revoke(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, text, hint):
        return find("access_token", text) or find("refresh_token", text)

    def revoke_token(self, token, request):
        token.revoked = True


class Introspect(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = METHODS
    query_token = Revoke.query_token

    def check_permission(self, token, client, request):
        return token.check_client(client)

    def introspect_token(self, token):
        return {"client_id": token.client_id, "username": token.user, "scope": token.get_scope(),
                "exp": int(token.until), "iss": url}


class Bearer(BearerTokenValidator):
    def authenticate_token(self, text):
        return find("access_token", text)


def keys_of(directory):
    """Three clients that sign, and their private keys for the client's side."""
    made = {"rs256": RSAKey.generate_key(2048), "es256": ECKey.generate_key("P-256")}
    for name, key in made.items():
        with open(os.open(os.path.join(directory, f"{name}.pem"), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            out.write(key.as_pem(private=True))
    return made


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"refresh_token": 600}
# Loopback without TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
server = AuthorizationServer(app, query_client=lambda name: clients.get(name), save_token=save)
require = ResourceProtector()
require.register_token_validator(Bearer())
for grant in (Password, ClientCredentials, Refresh, JwtBearer, TokenExchange, SamlBearer, Ticket):
    server.register_grant(grant)
server.register_client_auth_method(ClientAssertion.CLIENT_AUTH_METHOD, ClientAssertion())
server.register_endpoint(Revoke)
server.register_endpoint(Introspect)


@app.post("/token")
def token():
    with lock:
        response = server.create_token_response()
    outcome = "ok" if response.status_code == 200 else response.get_json().get("error")
    name = f"{request.form.get('grant_type')} {outcome}"
    counts[name] = counts.get(name, 0) + 1
    return response


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@app.post("/introspect")
def introspect():
    return server.create_endpoint_response("introspection")


@app.get("/api/me")
@require("orders.read")
def me():
    found = require.acquire_token("orders.read")
    return jsonify(ok=True, user=found.user, client=found.client_id, **{
        k: v for k, v in found.answer.items() if k in ("scope", "act", "audience", "resource")})


@app.get("/counts")
def tell():
    return jsonify(counts)


class Quiet(WSGIRequestHandler):
    def log(self, *words):
        pass


directory = tempfile.mkdtemp(prefix="hallpass-peer-")
signing = keys_of(directory)
LONG = "a secret of at least thirty-two characters"
clients = {c.client_id: c for c in (
    Client("basic", "client_secret_basic", "basic-secret"),
    Client("odd:id/1%", "client_secret_basic", ODD),
    Client("in-body", "client_secret_post", ODD),
    Client("public", "none"),
    Client("short", "none"),
    Client("secret-jwt", "client_assertion_jwt", LONG),
    Client("rs256", "client_assertion_jwt", key=signing["rs256"]),
    Client("es256", "client_assertion_jwt", key=signing["es256"], people=("alice",)),
)}
http = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
url = f"http://127.0.0.1:{http.port}"
threading.Thread(target=http.serve_forever, daemon=True).start()
print("listening", json.dumps({"url": url, "keys": directory}), flush=True)
sys.stdin.read()
shutil.rmtree(directory, ignore_errors=True)
