"""Rules of IP addresses.

Source: ``k8s.io/apimachinery/pkg/util/validation/ip.go`` v0.37.2 and
``k8s.io/kubernetes/pkg/apis/core/validation`` v1.37.2.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from pykube_core.api.machinery.field_errors import FieldError, invalid

_NO_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_LOCAL_MULTICAST: Final = ip_network("224.0.0.0/24"), ip_network("ff02::/16")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def validate_ip(text: str, path: str) -> list[FieldError]:
    """Check an address."""
    return [] if _parsed(text) else [invalid(path, text, _NO_ADDRESS)]


def validate_endpoint_ip(text: str, path: str) -> list[FieldError]:
    """Check that others can reach an address."""
    address = _parsed(text)
    if address is None:
        return [invalid(path, text, _NO_ADDRESS)]
    details = {
        f"may not be unspecified ({text})": address.is_unspecified,
        "may not be in the loopback range (127.0.0.0/8, ::1/128)": address.is_loopback,
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)": address.is_link_local,
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)": any(
            address in network for network in _LOCAL_MULTICAST
        ),
    }
    return [invalid(path, text, detail) for detail, is_so in details.items() if is_so]
