"""OpenAPI documents of the API, made of the table of types and of discovery.

``operations`` has the operations of groups and versions, which are alike for all resources; ``v3``
and ``v2`` write them down, each in its own form; ``gnostic`` writes the latter in protobuf.
"""

from pykube_core.api.machinery.openapi.gnostic import encode_document
from pykube_core.api.machinery.openapi.operations import (
    Operation,
    Paths,
    group_paths,
    groups_paths,
    key_set_paths,
    version_info_paths,
    version_paths,
)
from pykube_core.api.machinery.openapi.v2 import document as v2_document
from pykube_core.api.machinery.openapi.v3 import (
    group_document,
    groups_document,
    hash_of,
    index,
    key_set_documents,
    text_of,
    version_document,
    version_info_document,
)

__all__ = [
    "Operation",
    "Paths",
    "encode_document",
    "group_document",
    "group_paths",
    "groups_document",
    "groups_paths",
    "hash_of",
    "index",
    "key_set_documents",
    "key_set_paths",
    "text_of",
    "v2_document",
    "version_document",
    "version_info_document",
    "version_info_paths",
    "version_paths",
]
