"""Copies of the catalogue, encrypted with a key out of the environment: AES-256 in GCM.

NIST SP 800-38D. The library is needed only where a key is set.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping

from feeds.errors import ConfigError

# The variable with the key.
KEY = "FEEDS_STATE_KEY"
# What an encrypted copy begins with; a nonce and the ciphertext follow, and a tag ends it.
_MAGIC = b"feeds-sealed-1\n"
_KEY_BYTES, _NONCE_BYTES = 32, 12


class Seal:
    """Encrypts and decrypts with one key of 32 bytes. `mark` tells it from others, not what it is.

    Raises `ConfigError` where the library is not installed.
    """

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers import aead
        except ImportError:
            raise ConfigError(
                KEY, "", "needs cryptography, which is not installed: feed-publisher[encryption]"
            ) from None
        self._key, self._cipher = key, aead.AESGCM(key)
        self.mark = hashlib.sha256(_MAGIC + key).hexdigest()[:16]

    def sealed(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Encrypt the parts of a file, one after another."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        nonce = secrets.token_bytes(_NONCE_BYTES)
        encryptor = Cipher(algorithms.AES(self._key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(_MAGIC)
        yield _MAGIC + nonce
        for part in parts:
            yield encryptor.update(part)
        yield encryptor.finalize() + encryptor.tag

    def opened(self, body: bytes) -> bytes | None:
        """Decrypt a file; None if it was encrypted with another key, or is damaged."""
        from cryptography.exceptions import InvalidTag

        start = len(_MAGIC) + _NONCE_BYTES
        try:
            return self._cipher.decrypt(body[len(_MAGIC) : start], memoryview(body)[start:], _MAGIC)
        except (InvalidTag, ValueError):
            return None


def is_sealed(body: bytes) -> bool:
    """Whether these are the first bytes of an encrypted copy."""
    return body.startswith(_MAGIC)


def from_environment(environ: Mapping[str, str]) -> Seal | None:
    """The seal whose key the environment has, None if it has none. Raises `ConfigError`."""
    text = environ.get(KEY, "").strip()
    if not text:
        return None
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(KEY, "", "is not 32 bytes in Base64; make one: openssl rand -base64 32")
    return Seal(key)
