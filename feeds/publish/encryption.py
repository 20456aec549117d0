"""Encryption of catalogue copies with a key from the environment: AES-256-GCM (NIST SP 800-38D).

The library `cryptography` is needed only if a key is set.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping

from feeds.errors import ConfigError

# The environment variable with the key.
KEY = "FEEDS_STATE_KEY"
# An encrypted copy is this prefix, a nonce, the ciphertext and the authentication tag.
_MAGIC = b"feeds-sealed-1\n"
_KEY_BYTES, _NONCE_BYTES = 32, 12


class CatalogueCipher:
    """Encrypts and decrypts with one key of 32 bytes.

    `key_id` distinguishes keys without revealing them. Raises `ConfigError` if the library is not
    installed.
    """

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers import aead
        except ImportError:
            raise ConfigError(
                KEY, "", "needs cryptography, which is not installed: feed-publisher[encryption]"
            ) from None
        self._key, self._aead = key, aead.AESGCM(key)
        self.key_id = hashlib.sha256(_MAGIC + key).hexdigest()[:16]

    def encrypt(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the encrypted file for the chunks of a file."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        nonce = secrets.token_bytes(_NONCE_BYTES)
        encryptor = Cipher(algorithms.AES(self._key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(_MAGIC)
        yield _MAGIC + nonce
        for chunk in chunks:
            yield encryptor.update(chunk)
        yield encryptor.finalize() + encryptor.tag

    def decrypt(self, body: bytes) -> bytes | None:
        """Decrypt a file; None if it was encrypted with another key, or is damaged."""
        from cryptography.exceptions import InvalidTag

        start = len(_MAGIC) + _NONCE_BYTES
        try:
            return self._aead.decrypt(body[len(_MAGIC) : start], memoryview(body)[start:], _MAGIC)
        except (InvalidTag, ValueError):
            return None


def is_encrypted(body: bytes) -> bool:
    """Return whether a file with these first bytes is an encrypted copy."""
    return body.startswith(_MAGIC)


def cipher_from_environment(environ: Mapping[str, str]) -> CatalogueCipher | None:
    """Return the cipher for the key in `environ`, or None without a key.

    Raises `ConfigError` if the key is not 32 bytes in Base64.
    """
    text = environ.get(KEY, "").strip()
    if not text:
        return None
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            KEY, "", "is not 32 bytes in Base64; generate one: openssl rand -base64 32"
        )
    return CatalogueCipher(key)
