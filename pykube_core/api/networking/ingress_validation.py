"""Rules of ingresses.

Source: ``k8s.io/kubernetes/pkg/apis/networking/validation`` v1.37.2.
"""

from __future__ import annotations

import re
from typing import Final

from pykube_core.api.core.ip_addresses import validate_ip
from pykube_core.api.machinery import names
from pykube_core.api.machinery.field_errors import (
    FieldError,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from pykube_core.api.machinery.object_meta import validate_create, validate_metadata
from pykube_core.api.machinery.objects import KubeObject

_CLASS: Final = "kubernetes.io/ingress.class"
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_NOT_IN_PATH: Final = ("//", "/./", "/../", "%2f", "%2F")
_NOT_AT_END: Final = ("/..", "/.")
_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_WILDCARD: Final = rf"\*\.{_LABEL}(\.{_LABEL})*"
_WILDCARD_RE: Final = re.compile(_WILDCARD)
_WILDCARD_TEXT: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
    "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
    f"character (e.g. '*.example.com', regex used for validation is '{_WILDCARD}')"
)


def validate_ingress(ingress: KubeObject) -> list[FieldError]:
    """Check an ingress."""
    errors, spec = validate_metadata(ingress), ingress.get("spec", {})
    rules, backend = spec.get("rules", []), spec.get("defaultBackend")
    if not rules and backend is None:
        detail = "either `defaultBackend` or `rules` must be specified"
        errors.append(invalid("spec", rules or None, detail))
    if backend is not None:
        errors += _validate_backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        errors += _validate_rule(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls", ())):
        path, secret = f"spec.tls[{index}]", tls.get("secretName", "")
        for at, host in enumerate(tls.get("hosts", ())):
            errors += _validate_host(host, f"{path}.hosts[{at}]")
        if secret:
            errors += invalid_each(f"{path}.secretName", secret, names.dns_subdomain(secret))
    name = spec.get("ingressClassName")
    if name is not None:
        errors += invalid_each("spec.ingressClassName", name, names.dns_subdomain(name))
    return errors


def _validate_host(host: str, path: str) -> list[FieldError]:
    if "*" not in host:
        return invalid_each(path, host, names.dns_subdomain(host))
    errors: list[FieldError] = []
    if len(host) > names.SUBDOMAIN_LENGTH_MAX:
        detail = f"must be no more than {names.SUBDOMAIN_LENGTH_MAX} characters"
        errors.append(invalid(path, host, detail))
    if not _WILDCARD_RE.fullmatch(host):
        errors.append(invalid(path, host, _WILDCARD_TEXT))
    return errors


def _validate_rule(rule: KubeObject, path: str) -> list[FieldError]:
    host, http = rule.get("host", ""), rule.get("http")
    errors: list[FieldError] = []
    if host:
        if not validate_ip(host, path):
            detail = "must be a DNS name, not an IP address"
            errors.append(invalid(f"{path}.host", host, detail))
        errors += _validate_host(host, f"{path}.host")
    if http is None:
        return errors
    if not http.get("paths"):
        errors.append(required(f"{path}.http.paths"))
    for index, way in enumerate(http.get("paths") or ()):
        errors += _validate_path(way, f"{path}.http.paths[{index}]")
    return errors


def _validate_path(way: KubeObject, path: str) -> list[FieldError]:
    kind, text, here = way.get("pathType"), way.get("path", ""), f"{path}.path"
    errors: list[FieldError] = []
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    if kind not in _PATH_TYPES:
        errors.append(not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        errors.append(invalid(here, text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        errors += [
            invalid(here, text, f"must not contain '{part}'")
            for part in _NOT_IN_PATH
            if part in text
        ]
        errors += [
            invalid(here, text, f"cannot end with '{part}'")
            for part in _NOT_AT_END
            if text.endswith(part)
        ]
    return errors + _validate_backend(way.get("backend", {}), f"{path}.backend")


def _validate_backend(backend: KubeObject, path: str) -> list[FieldError]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return [
            required(f"{path}.resource.{field}")
            for field in ("kind", "name")
            if not resource.get(field)
        ]
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    name, port = service.get("name", ""), service.get("port", {})
    errors = (
        invalid_each(f"{path}.service.name", name, names.dns_label(name))
        if name
        else [required(f"{path}.service.name")]
    )
    word, number = port.get("name", ""), port.get("number", 0)
    if word and number:
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif word:
        errors += invalid_each(f"{path}.service.port.name", word, names.port_name(word))
    elif number:
        here = f"{path}.service.port.number"
        errors += [invalid(here, number, text) for text in names.port_number(number)]
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def validate_ingress_create(ingress: KubeObject) -> list[FieldError]:
    """Check what holds of a new ingress alone: its annotation names no other class."""
    errors = validate_create(ingress)
    given = ingress["metadata"].get("annotations", {}).get(_CLASS)
    name = ingress.get("spec", {}).get("ingressClassName")
    if given is not None and name is not None and given != name:
        detail = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{_CLASS}", given, detail))
    return errors
