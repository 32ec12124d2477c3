"""Makes tickets as a coordinator does, and as a forger would."""

import base64
import hashlib
import hmac
import secrets
import time

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims, key=KEY):
    claims = claims.encode()
    return f"{base64url(claims)}.{base64url(hmac.digest(bytes.fromhex(key), claims, hashlib.sha256))}"


def ticket(*channels, seconds=60, label="s17-c", key=KEY):
    granted = ",".join(sorted(channels)) if channels else "*"
    return sign(f"1 {secrets.token_hex(16)} {label} {int(time.time()) + seconds} {granted}", key)
