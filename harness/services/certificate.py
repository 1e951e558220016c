"""A certificate for servers of ours, signed by nobody: for clients that encrypt without asking who is there."""

from __future__ import annotations

import ssl
import tempfile
from datetime import datetime
from ipaddress import IPv4Address


def self_signed() -> ssl.SSLContext:
    """What a server of this machine encrypts with; its key is as old as the call, its dates are of all times."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(1970, 1, 1))  # noqa: DTZ001 - X.509 has UTC, and runs are of any year
        .not_valid_after(datetime(2999, 12, 31))  # noqa: DTZ001
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:  # readable by its owner only; ssl takes a path and nothing else
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        file.write(key.private_bytes(serialization.Encoding.PEM, form, plain))
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context
