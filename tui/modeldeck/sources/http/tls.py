"""TLS settings as one value, and the context that they make."""

from __future__ import annotations

import os
import ssl
import stat
from dataclasses import dataclass

from modeldeck.domain.failures import Unreachable


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca_path` may be a file or a folder; "" is the set of authorities that comes with certifi.

    `cert_path` holds the client's certificate, and its key too unless `key_path` is given.
    """

    verify: bool = True
    ca_path: str = ""
    ca_pem: str = ""
    cert_path: str = ""
    key_path: str = ""


def no_context() -> ssl.SSLContext:
    """For plain http: costs nothing, where loading the authorities costs 20 ms, and could not be used by accident (it trusts nobody)."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def context_of(tls: Tls, *, backend: str = "") -> ssl.SSLContext:
    """Raises Unreachable, naming the file, where a certificate cannot be read. Never asks the terminal for a pass phrase."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, tls, backend)
    if tls.cert_path:
        try:
            for path in (tls.cert_path, tls.key_path):
                refuse_pipe(path)
            context.load_cert_chain(tls.cert_path, tls.key_path or None, password=_no_pass_phrase)
        except (OSError, ValueError) as error:
            raise _unreadable("client certificate", tls.cert_path, error, backend) from None
    return context


def refuse_pipe(path: str) -> None:
    """Raises ValueError where neither a file nor a folder is: OpenSSL would wait for a pipe's other end for ever. "" is no path."""
    if path and os.path.exists(path) and stat.S_IFMT(os.stat(path).st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        raise ValueError("it is no file")


def _trust(context: ssl.SSLContext, tls: Tls, backend: str) -> None:
    if not (tls.ca_path or tls.ca_pem):
        _trust_as_usual(context, backend)
        return
    try:
        refuse_pipe(tls.ca_path)
        if tls.ca_pem:
            context.load_verify_locations(cadata=tls.ca_pem)
        if tls.ca_path and os.path.isdir(tls.ca_path):
            context.load_verify_locations(capath=tls.ca_path)
        elif tls.ca_path:
            context.load_verify_locations(cafile=tls.ca_path)
    except (OSError, ValueError, TypeError) as error:  # TypeError: text that is not ASCII
        raise _unreadable("authority certificate", tls.ca_path or "given inline", error, backend) from None


def _trust_as_usual(context: ssl.SSLContext, backend: str) -> None:
    """As httpx and requests do it: the variables first, certifi else."""
    import certifi

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        refuse_pipe(file or "")
        context.load_verify_locations(cafile=file or (None if folder else certifi.where()), capath=folder)
    except (OSError, ValueError) as error:
        where = f"{file or folder or certifi.where()} (SSL_CERT_FILE, SSL_CERT_DIR)"
        raise _unreadable("authority certificate", where, error, backend) from None


def _no_pass_phrase() -> str:
    raise ValueError("its key asks for a pass phrase")


def _unreadable(what: str, where: str, error: Exception, backend: str) -> Unreachable:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    reason = "it is not text" if isinstance(error, TypeError) else reason
    return Unreachable(f"{what} cannot be used: {where}: {reason}", hint="check the path and the file's contents", backend=backend)
