"""Addresses of a Service behind the API server's proxy: `kubernetes://monitoring/prometheus:9090`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(
    r"(?P<scheme>kubernetes(?:\+https)?)://(?P<namespace>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"/(?P<name>[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):(?P<port>[0-9]{1,5}|[a-z0-9-]{1,15})(?P<prefix>(?:/[\w.~-]+)*)/?"
)


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """`port` is a number or the name that the Service gives it; `prefix` is "" or "/prometheus", a path below the service."""

    namespace: str
    name: str
    port: str
    tls: bool = False
    """Whether the API server speaks TLS to the pods. It does not verify their certificates."""
    prefix: str = ""

    @property
    def proxy_path(self) -> str:
        """The path on the API server below which the service is."""
        tls = "https:" if self.tls else ""
        return f"/api/v1/namespaces/{self.namespace}/services/{tls}{self.name}:{self.port}/proxy{self.prefix}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}:{self.port}"


def service_address(text: str) -> ServiceAddress | None:
    """None where it is none. A path that climbs (`..`) is none: it would lead to another object of the API."""
    found = _ADDRESS.fullmatch(text)
    if found is None or any(part in (".", "..") for part in found["prefix"].split("/")):
        return None
    if found["port"].isdecimal() and not 1 <= int(found["port"]) <= 65535:
        return None
    return ServiceAddress(found["namespace"], found["name"], found["port"], found["scheme"].endswith("https"), found["prefix"])
