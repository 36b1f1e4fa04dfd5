r"""Built-in kinds in protobuf, as clients of Kubernetes write and read them.

A body is ``k8s\0``, then a message ``runtime.Unknown``; its raw bytes are the message of the kind.
Numbers and types of fields are those of the table of types. A decoded object is the JSON that Go
would have written of it: what is zero and left out there is left out here.

Source: ``k8s.io/apimachinery/pkg/runtime/serializer/protobuf`` and the generated code of the API's
types (v0.37.2). Differences: text must be UTF-8; messages nest `DEPTH_MAX` deep at most; in error
messages a field has its name in JSON with a capital letter, which is not always Go's.
"""

from pykube_core.api.machinery.protobuf.envelope import decode_object, encode_object
from pykube_core.api.machinery.protobuf.wire import DEPTH_MAX, MAGIC, ProtobufError

__all__ = ["DEPTH_MAX", "MAGIC", "ProtobufError", "decode_object", "encode_object"]
