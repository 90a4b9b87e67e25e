"""Which network addresses are public, so that a table from elsewhere reaches nothing private."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from keras_cvdata.cancellation import Allowance
from keras_cvdata.sources.remote_errors import RefusedError

# The registries of special-purpose addresses of IANA (RFC 6890), written down here since the
# `ipaddress` of each Python knows other ones. All that nobody serves public files from is refused,
# also where a registry calls it globally reachable.
_SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by customers of a carrier
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # not of IANA: the host of virtual machines in Azure
            "169.254.0.0/16",  # link-local, metadata of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # relays of 6to4, given up
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that is assigned to be public
_SPECIAL_IPV6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID, drones and others
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, except for what is looked at below
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
# Networks whose addresses stand for an IPv4 address, and by how many bits it is followed.
_WRAPPING = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # in the place before the IPv4 address at the end


def is_public(address: str) -> bool:
    """Say whether an address is one that servers of the public internet have.

    Args:
        address: IPv4 or IPv6 address, perhaps with a zone.

    Returns:
        False for all special purposes, also where they are wrapped in IPv6.

    Example:
        >>> is_public("8.8.8.8"), is_public("10.0.0.1"), is_public("::ffff:10.0.0.1")
        (True, False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = [int(ip) >> bits for network, bits in _WRAPPING if ip in network]
        if not wrapped:
            return (
                ip in _GLOBAL_UNICAST
                and int(ip) >> 32 & 0xFFFFFFFF not in _ISATAP
                and not any(ip in network for network in _SPECIAL_IPV6)
            )
        ip = ipaddress.IPv4Address(wrapped[0] & 0xFFFFFFFF)
    return not any(ip in network for network in _SPECIAL_IPV4)


def look_up(host: str, port: int, private_hosts: bool, time: Allowance) -> list[Any]:
    """Find the addresses of a host, and refuse those that only this machine or network can reach.

    Args:
        host: Name or address of the host.
        port: Its port.
        private_hosts: Refuse none.
        time: How long it may take; the resolver of the system cannot be interrupted.

    Returns:
        Addresses as sockets take them, not empty.

    Raises:
        RefusedError: One of the addresses is not public.
        ValueError: There is no host.
        OSError: There is no address.
    """
    if not host:
        raise ValueError("it names no host")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:  # it is a name
        found = time.call(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    addresses = [entry[4][:2] for entry in found]
    for address, _ in addresses:
        if not private_hosts and not is_public(str(address)):
            raise RefusedError(
                f"The host {host!r} is at the private address {address}. If the addresses in "
                "the table are yours, pass private_hosts=True."
            )
    return addresses
