"""What the four components of a control plane are told: their arguments, ports, tokens and kubeconfigs. Nothing is started here."""

from __future__ import annotations

import json
import secrets
import socket
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from modeldeck.sandbox.common import files
from modeldeck.sandbox.processes.certificates import Certificates

_ACCOUNTS = {  # kubeconfig -> user, groups; viewer and operator have no rights until somebody creates roles
    "admin": ("admin", "system:masters"),
    "kcm": ("system:kube-controller-manager", "system:masters"),
    "sched": ("system:kube-scheduler", "system:masters"),
    "view": ("viewer", "viewers"),
    "op": ("operator", "operators"),
}
_CONTROLLERS = (
    "deployment-controller",
    "replicaset-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",  # without it the built-in roles view, edit and admin stay empty
)


@dataclass(frozen=True)
class Ports:
    """TCP ports on loopback: the API server's, etcd's for clients and for peers."""

    api: int
    etcd: int
    peer: int


def etcd(folder: Path, certificates: Certificates, ports: Ports) -> list[str]:
    """etcd's arguments: one member, client certificates required, data in folder/etcd."""
    client, peer = f"https://127.0.0.1:{ports.etcd}", f"https://127.0.0.1:{ports.peer}"
    arguments = [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]
    for side in ("", "peer-"):  # other users of this machine must not read or write the state behind the API server's back
        arguments += [
            f"--{side}cert-file={certificates.certificate}",
            f"--{side}key-file={certificates.key}",
            f"--{side}trusted-ca-file={certificates.authority}",
            f"--{side}client-cert-auth",
        ]
    return arguments


def api_server(folder: Path, certificates: Certificates, ports: Ports) -> list[str]:
    """kube-apiserver's arguments: RBAC, static tokens, a server certificate that the kubeconfigs trust."""
    key, tokens = folder / "certificates" / "leaf.key", folder / "tokens.csv"
    return [
        f"--etcd-servers=https://127.0.0.1:{ports.etcd}",
        f"--etcd-cafile={certificates.authority}",
        f"--etcd-certfile={certificates.certificate}",
        f"--etcd-keyfile={certificates.key}",
        f"--secure-port={ports.api}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--tls-cert-file={certificates.certificate}",
        f"--tls-private-key-file={certificates.key}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--kubelet-preferred-address-types=InternalIP",
        # No token controller and no node lifecycle controller run here, whose work these two plug-ins wait for.
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
    ]


def controller_manager(folder: Path) -> list[str]:
    """kube-controller-manager's arguments: only the controllers that deployments need."""
    return [
        f"--kubeconfig={folder / 'kcm.kubeconfig'}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--service-account-private-key-file={folder / 'certificates' / 'leaf.key'}",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        f"--controllers={','.join(_CONTROLLERS)}",
    ]


def scheduler(folder: Path) -> list[str]:
    """kube-scheduler's arguments; writes its configuration file."""
    configuration = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(folder / "sched.kubeconfig"), "qps": 500, "burst": 1000},
        "leaderElection": {"leaderElect": False},
    }
    files.write_json(folder / "scheduler.json", configuration)
    return [f"--config={folder / 'scheduler.json'}", "--secure-port=0"]


def kubeconfig(name: str, url: str, token: str, certificates: Certificates) -> str:
    """A kubeconfig as JSON, which is YAML too."""
    authority = b64encode(certificates.authority.read_bytes()).decode()
    context = {"cluster": "sandbox", "user": name, "namespace": "serving"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": "sandbox", "context": context}],
        "current-context": "sandbox",
    }
    return json.dumps(document, indent=1)


def tokens(folder: Path) -> dict[str, str]:
    """The bearer token of each account, made once: other users of the machine must not guess them."""
    path = folder / "tokens.csv"
    if not path.exists():
        rows = (f"{secrets.token_hex(24)},{user},{name},{groups}" for name, (user, groups) in _ACCOUNTS.items())
        files.write(path, ("\n".join(rows) + "\n").encode())
    rows_read = (line.split(",") for line in path.read_text().splitlines())
    return {uid: token for token, _, uid, _ in rows_read}


def remembered_ports(folder: Path) -> Ports | None:
    """The ports of the last run where all are still free: kubeconfigs in use elsewhere stay right."""
    try:
        ports = Ports(**json.loads((folder / "ports.json").read_text()))
    except FileNotFoundError:
        return None
    for port in vars(ports).values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return None
    return ports


def free_ports() -> Ports:
    """Ports that nobody listens on now; somebody may take one before it is used."""
    probes = [socket.socket() for _ in range(3)]  # open together, so that they differ
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return Ports(*(probe.getsockname()[1] for probe in probes))
    finally:
        for probe in probes:
            probe.close()
