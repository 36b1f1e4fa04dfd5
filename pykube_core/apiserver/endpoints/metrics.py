"""``/metrics``: requests by verb and resource, and the process, in Prometheus' text format.

Source: names and labels of ``k8s.io/apiserver/pkg/endpoints/metrics`` v0.37.2; few of its metrics.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

from pykube_core.apiserver.endpoints.message import Response, bytes_response
from pykube_core.apiserver.endpoints.request_info import RequestInfo

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
_Key = tuple[str, str, str, str, str, str, int]


class Metrics:
    """Counts requests.

    Parameters
    ----------
    version : str
        The version that the API behaves as.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._requests: Counter[_Key] = Counter()

    def count(self, info: RequestInfo, status: int) -> None:
        """Count one request that was answered."""
        if info.resource:
            scope = "resource" if info.name else "namespace" if info.namespace else "cluster"
            what = info.group, info.version, info.resource, info.subresource, scope
            self._requests[info.verb.upper(), *what, status] += 1
        else:
            self._requests[info.verb.upper(), "", "", "", "", "", status] += 1

    def answer(self) -> Response:
        """Answer with all metrics."""
        lines = [
            "# HELP apiserver_request_total Requests that were answered, by what they asked for.",
            "# TYPE apiserver_request_total counter",
        ]
        for key, number in sorted(self._requests.items()):
            verb, group, version, resource, subresource, scope, status = key
            labels = {
                "code": str(status),
                "component": "apiserver",
                "group": group,
                "resource": resource,
                "scope": scope,
                "subresource": subresource,
                "verb": verb,
                "version": version,
            }
            shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
            lines.append(f"apiserver_request_total{{{shown}}} {number}")
        lines += [
            "# HELP kubernetes_build_info The version that the API behaves as.",
            "# TYPE kubernetes_build_info gauge",
            f'kubernetes_build_info{{git_version="{self._version}"}} 1',
            "# HELP process_cpu_seconds_total Processor time of the process.",
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {time.process_time():.2f}",
        ]
        return bytes_response("\n".join([*lines, ""]).encode(), type=_TYPE)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
