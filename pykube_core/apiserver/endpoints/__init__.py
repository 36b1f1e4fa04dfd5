"""Endpoints: the API by requests and responses, without sockets."""

from pykube_core.apiserver.endpoints.endpoints import Endpoints
from pykube_core.apiserver.endpoints.message import Request, Response

__all__ = ["Endpoints", "Request", "Response"]
