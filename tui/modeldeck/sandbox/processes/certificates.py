"""Certificates for servers on loopback: a private authority and one leaf that it signed, good for serving and for dialling."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

_LIFE = datetime.timedelta(days=3650)


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: the authority's certificate, the leaf's certificate, the leaf's private key (mode 0600)."""

    authority: Path
    certificate: Path
    key: Path


def ensure(folder: Path, name: str) -> Certificates:
    """The certificates kept in `folder`, made on first use for localhost and the loopback addresses.

    The authority's key is thrown away at once: nobody can sign another certificate that clients of this one would trust.
    """
    found = Certificates(folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key")
    if not found.key.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority, leaf, key = _issue(name)
        _write(found.authority, authority)
        _write(found.certificate, leaf)
        _write(found.key, key)  # last: its presence says that the set is whole
    return found


def _write(path: Path, data: bytes) -> None:
    partial = path.with_suffix(path.suffix + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    partial.replace(path)


def _issue(name: str) -> tuple[bytes, bytes, bytes]:
    """(authority PEM, leaf PEM, leaf key PEM). Key identifiers and usages are set: Python 3.13 verifies strictly."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def subject(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def draft(common: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)  # clocks of other machines may lag
        return (
            x509.CertificateBuilder()
            .subject_name(subject(common))
            .issuer_name(subject(f"{name} authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + _LIFE)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )

    def usage(*, signs_certificates: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs_certificates,
            key_cert_sign=signs_certificates,
            crl_sign=signs_certificates,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = (
        draft(f"{name} authority", root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    leaf = (
        draft(name, leaf_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs_certificates=False), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = leaf_key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return root.public_bytes(pem), leaf.public_bytes(pem), secret
