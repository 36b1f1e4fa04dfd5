"""The API on a port: an ASGI application over `pykube_core.apiserver.endpoints`, and its server."""
