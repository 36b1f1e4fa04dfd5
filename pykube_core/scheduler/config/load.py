"""KubeSchedulerConfiguration from a file, a text or an object.

Source: kubernetes v1.34.1, pkg/scheduler/apis/config/v1/defaults.go,
pkg/scheduler/apis/config/validation/validation.go, component-base/config.

Differences
-----------
- Versions before v1 are read, with warnings; kube-scheduler v1.34 refuses them.
- Extenders are read and refused.
- leaderElection, clientConnection, profiling and parallelism are checked and have no effect.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from pykube_core.api.machinery.errors import InputError
from pykube_core.scheduler.config.fields import FieldErrors
from pykube_core.scheduler.config.legacy import VERSIONS, to_v1
from pykube_core.scheduler.config.profile import (
    check_same_queue_sort,
    read_percentage,
    read_profile,
)
from pykube_core.scheduler.config.reader import ObjectReader
from pykube_core.scheduler.config.text import parse_document
from pykube_core.scheduler.config.types import (
    DEFAULT_SCHEDULER_NAME,
    Profile,
    SchedulerConfiguration,
)

API_VERSION: Final = "kubescheduler.config.k8s.io/v1"
KIND: Final = "KubeSchedulerConfiguration"

_SECOND_NS: Final = 1_000_000_000


def read_configuration(
    path: str | Path, registry: Mapping[str, Collection[str]] | None = None
) -> SchedulerConfiguration:
    """Read a configuration file, YAML or JSON.

    Raises
    ------
    InputError
        If the file cannot be read, or as :func:`parse_configuration`; it names the file.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(error.strerror or str(error), source=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", source=str(path)) from None
    return parse_configuration(text, str(path), registry)


def parse_configuration(
    text: str, source: str | None = None, registry: Mapping[str, Collection[str]] | None = None
) -> SchedulerConfiguration:
    """Parse the text of a configuration, YAML or JSON.

    Raises
    ------
    InputError
        As :func:`configuration_from_dict`, or if the text is no single object or has a key twice.
    """
    return configuration_from_dict(parse_document(text, source), source, registry)


def configuration_from_dict(
    document: Mapping[str, Any],
    source: str | None = None,
    registry: Mapping[str, Collection[str]] | None = None,
) -> SchedulerConfiguration:
    """Read a configuration from an object.

    Parameters
    ----------
    document : mapping
        The KubeSchedulerConfiguration; it is not changed.
    source : str, optional
        The file's name, for errors.
    registry : mapping, optional
        Plugins beyond kube-scheduler's own: name to the extension points that it implements, such
        as ``{"BestFit": {"score"}}``.

    Raises
    ------
    InputError
        If anything is unknown, of a wrong type or not allowed; all that is wrong is named, each
        with the path of its field.
    """
    version = _check_type(document, source)
    document, warnings = to_v1(document, version)
    errors = FieldErrors()
    reader = ObjectReader(document, "", errors)
    reader.string("apiVersion")
    reader.string("kind")
    _read_settings_without_effect(reader)
    percentage = read_percentage(reader)
    initial, maximum = _read_backoff(reader)
    parallelism = reader.integer("parallelism", 16)
    if parallelism <= 0:
        detail = "should be an integer value greater than zero"
        errors.invalid("parallelism", parallelism, detail)
    profiles, more = _read_profiles(reader, registry or {})
    _refuse_extenders(reader)
    reader.finish()
    errors.raise_if_any(source, KIND)
    return SchedulerConfiguration(
        profiles=tuple(profiles),
        percentage_of_nodes_to_score=percentage or 0,
        pod_initial_backoff_seconds=initial,
        pod_max_backoff_seconds=maximum,
        parallelism=parallelism,
        warnings=(*warnings, *more),
    )


def default_configuration() -> SchedulerConfiguration:
    """Return the configuration of a kube-scheduler that was given none."""
    return configuration_from_dict({"apiVersion": API_VERSION, "kind": KIND})


def profile_from_dict(
    profile: Mapping[str, Any] | None,
    registry: Mapping[str, Collection[str]] | None = None,
) -> Profile:
    """Merge one KubeSchedulerProfile (v1) with the defaults.

    Parameters
    ----------
    profile : mapping or None
        The profile; without ``schedulerName`` it is that of the default scheduler. None is the
        default profile.
    registry : mapping, optional
        As for :func:`configuration_from_dict`.

    Raises
    ------
    InputError
        As :func:`configuration_from_dict`; paths begin at the profile.
    """
    errors = FieldErrors()
    reader = ObjectReader(profile or {}, "", errors)
    found, _ = read_profile(reader, registry or {}, API_VERSION, DEFAULT_SCHEDULER_NAME)
    errors.raise_if_any(None, "KubeSchedulerProfile")
    return found


def _check_type(document: Mapping[str, Any], source: str | None) -> str:
    """Return the version after the group; raise unless the document is a configuration."""
    for name, value in (("apiVersion", API_VERSION), ("kind", KIND)):
        if not isinstance(document.get(name), str) or not document[name]:
            reason = f'Required value: such as "{value}"'
            raise InputError(reason, source=source, object=KIND, field=name)
    if document["kind"] != KIND:
        reason = f'expected kind {KIND}, not "{document["kind"]}"'
        raise InputError(reason, source=source, field="kind")
    api_version: str = document["apiVersion"]
    group, _, version = api_version.rpartition("/")
    if group != "kubescheduler.config.k8s.io" or version not in VERSIONS:
        reason = (
            f'no kind "{KIND}" is registered for version "{api_version}", expected "{API_VERSION}"'
        )
        raise InputError(reason, source=source, object=KIND, field="apiVersion")
    return version


def _read_backoff(reader: ObjectReader) -> tuple[int, int]:
    initial = reader.integer("podInitialBackoffSeconds", 1, bits=64)
    maximum = reader.integer("podMaxBackoffSeconds", 10, bits=64)
    if initial <= 0:
        reader.errors.invalid("podInitialBackoffSeconds", initial, "must be greater than 0")
    if maximum < initial:
        detail = "must be greater than or equal to PodInitialBackoffSeconds"
        reader.errors.invalid("podMaxBackoffSeconds", maximum, detail)
    return initial, maximum


def _read_profiles(
    reader: ObjectReader, registry: Mapping[str, Collection[str]]
) -> tuple[list[Profile], list[str]]:
    errors = reader.errors
    readers = reader.objects("profiles")
    if not readers:
        readers = [ObjectReader({}, "profiles[0]", errors)]
    default_name = DEFAULT_SCHEDULER_NAME if len(readers) == 1 else None
    profiles: list[Profile] = []
    warnings: list[str] = []
    first: dict[str, str] = {}
    for each in readers:
        profile, more = read_profile(each, registry, API_VERSION, default_name)
        profiles.append(profile)
        warnings += more
        name = profile.scheduler_name
        if name in first:
            # Upstream, too, shows where the name came first in place of the name.
            errors.add(
                each.at("schedulerName"),
                f'Duplicate value: "{first[name]}.schedulerName" ("{name}")',
            )
        elif name:
            first[name] = each.path
    check_same_queue_sort(profiles, errors)
    return profiles, warnings


def _read_settings_without_effect(reader: ObjectReader) -> None:
    """Check what concerns a kube-scheduler process, of which there is none here."""
    election = reader.nested("leaderElection")
    if election is not None:
        _read_leader_election(election)
    connection = reader.nested("clientConnection")
    if connection is not None:
        for name in ("kubeconfig", "acceptContentTypes", "contentType"):
            connection.string(name)
        connection.number("qps")
        burst = connection.integer("burst", 100)
        connection.finish()
        if burst < 0:
            reader.errors.invalid(connection.at("burst"), burst, "must be non-negative")
    for name in ("enableProfiling", "enableContentionProfiling", "delayCacheUntilActive"):
        reader.boolean(name)


def _read_leader_election(reader: ObjectReader) -> None:
    elect = reader.boolean("leaderElect", True)
    # A duration of 0 stands for the default.
    lease = reader.duration_ns("leaseDuration", 0) or 15 * _SECOND_NS
    renew = reader.duration_ns("renewDeadline", 0) or 10 * _SECOND_NS
    retry = reader.duration_ns("retryPeriod", 0) or 2 * _SECOND_NS
    lock = reader.string("resourceLock") or "leases"
    reader.string("resourceNamespace")
    reader.string("resourceName")
    reader.finish()
    if not elect:
        return
    errors = reader.errors
    for name, value in (("leaseDuration", lease), ("renewDeadline", renew), ("retryPeriod", retry)):
        if value <= 0:
            errors.invalid(reader.at(name), reader.raw(name), "must be greater than zero")
    if lease <= renew:
        text = reader.raw("leaseDuration") or "15s"
        errors.invalid(reader.at("leaseDuration"), text, "must be greater than `RenewDeadline`")
    if lock != "leases":
        detail = 'resourceLock value must be "leases"'
        errors.invalid(reader.at("resourceLock"), lock, detail)


def _refuse_extenders(reader: ObjectReader) -> None:
    """Read ``extenders``, so that a misspelt field is named too, and refuse them."""
    for extender in reader.objects("extenders"):
        for name in ("urlPrefix", "filterVerb", "preemptVerb", "prioritizeVerb", "bindVerb"):
            extender.string(name)
        for name in ("enableHTTPS", "nodeCacheCapable", "ignorable"):
            extender.boolean(name)
        extender.integer("weight", 0, bits=64)
        extender.duration_ns("httpTimeout", 0)
        tls = extender.nested("tlsConfig")
        if tls is not None:
            tls.boolean("insecure")
            for name in ("serverName", "certFile", "keyFile", "caFile"):
                tls.string(name)
            for name in ("certData", "keyData", "caData"):
                tls.string(name)
            tls.finish()
        for resource in extender.objects("managedResources"):
            resource.string("name")
            resource.boolean("ignoredByScheduler")
            resource.finish()
        extender.finish()
        reader.errors.forbidden(extender.path, "scheduler extenders are not supported yet")
