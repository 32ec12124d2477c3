"""A certificate authority made for a test, and a wildcard certificate of its: what a cluster by TLS needs."""

import subprocess
from pathlib import Path

from cluster import DOMAIN, executable


class Authority:
    """`trusted` is the authority's own certificate, `site` the apex' and its shards' with its key: both PEM files."""

    def __init__(self, directory):
        self._folder = Path(directory)
        self.trusted = self._folder / "authority.pem"
        self.site = self._folder / "site.pem"
        self._key = self._folder / "authority.key"
        self._openssl("req", "-x509", *self._new(self._key), "-days", 2, "-subj", "/CN=An authority of tests",
                      "-out", self.trusted)
        self._sign()

    def _sign(self):
        key, request, certificate = (self._folder / name for name in ("site.key", "site.csr", "site.crt"))
        names = self._folder / "names"
        names.write_text(f"subjectAltName=DNS:{DOMAIN},DNS:*.{DOMAIN}\n")
        self._openssl("req", *self._new(key), "-subj", f"/CN={DOMAIN}", "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.trusted, "-CAkey", self._key, "-CAcreateserial",
                      "-days", 2, "-extfile", names, "-out", certificate)
        self.site.write_text(certificate.read_text() + key.read_text())

    @staticmethod
    def _new(key):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key

    @staticmethod
    def _openssl(*words):
        subprocess.run([executable("openssl"), *map(str, words)], check=True, capture_output=True)
