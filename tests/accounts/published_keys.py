"""A server on loopback that publishes public keys, as an identity provider does (RFC 7517)."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(key) -> str:
    encoded = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded.decode()


def published(name: str, key) -> dict:
    family = jwt.algorithms.RSAAlgorithm if name == "rsa" else jwt.algorithms.ECAlgorithm
    return json.loads(family.to_jwk(key.public_key())) | {"kid": name, "use": "sig"}


class Keys(ThreadingHTTPServer):
    """What the provider publishes; counts how often it is asked, and may be slow."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = json.dumps({"keys": [published("rsa", RSA_KEY), published("ec", EC_KEY)]})
        self.asked, self.status, self.delay = 0, 200, 0.0
        self.url = f"http://127.0.0.1:{self.server_port}/keys"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        time.sleep(self.server.delay)
        with contextlib.suppress(ConnectionError):  # who asked has given up waiting
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(self.server.body.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving_keys() -> Iterator[Keys]:
    server = Keys()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
