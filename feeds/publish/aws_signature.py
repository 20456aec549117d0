"""Signs requests to AWS: Signature Version 4. Pure; no I/O.

The library of AWS does this too, but has 15 MB.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from feeds.publish.cdn import PurgeRequest


def sign(
    request: PurgeRequest, environ: Mapping[str, str], now: datetime, region: str = "us-east-1"
) -> PurgeRequest:
    """Return the request with a signature for its service in its headers.

    `environ` has the credentials. Sign just before sending: a signature is valid for minutes.
    """
    url, stamp = urlsplit(request.url), f"{now:%Y%m%dT%H%M%SZ}"
    headers = {**request.headers, "Host": url.netloc, "X-Amz-Date": stamp}
    if token := environ.get("AWS_SESSION_TOKEN"):
        headers["X-Amz-Security-Token"] = token
    canonical = {name.lower(): headers[name] for name in sorted(headers, key=str.lower)}
    names = ";".join(canonical)
    lines = "".join(f"{name}:{value}\n" for name, value in canonical.items())
    body = hashlib.sha256(request.body).hexdigest()
    canonical_request = f"{request.method}\n{url.path}\n{url.query}\n{lines}\n{names}\n{body}"
    scope = f"{stamp[:8]}/{region}/{request.service}/aws4_request"
    request_hash = hashlib.sha256(canonical_request.encode()).hexdigest()
    string_to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{request_hash}"
    key = f"AWS4{environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, string_to_sign.encode(), "sha256").hex()
    credential = f"{environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return msgspec.structs.replace(request, headers=headers)
