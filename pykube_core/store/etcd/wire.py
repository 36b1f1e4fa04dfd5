"""Messages of etcd's v3 protocol, built from a table of their fields.

Names, types and numbers are those of ``etcdserverpb`` and ``mvccpb`` in etcd 3.5; a message not
listed is not spoken here. The classes come from protobuf's own factory, so they read and write
what any etcd client or server does, and keep fields that they do not know.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Message: TypeAlias = Any
"""Any of the classes or objects made here; protobuf gives them no type of their own."""

_HEADER = "header:ResponseHeader=1"

# One line a message: name:type=number, with * for repeated fields and | for a oneof's members.
_MESSAGES = {
    "KeyValue": "key:bytes=1 create_revision:int64=2 mod_revision:int64=3 version:int64=4 "
    "value:bytes=5 lease:int64=6",
    "Event": "type:EventType=1 kv:KeyValue=2 prev_kv:KeyValue=3",
    "ResponseHeader": "cluster_id:uint64=1 member_id:uint64=2 revision:int64=3 raft_term:uint64=4",
    "RangeRequest": "key:bytes=1 range_end:bytes=2 limit:int64=3 revision:int64=4 "
    "sort_order:SortOrder=5 sort_target:SortTarget=6 serializable:bool=7 keys_only:bool=8 "
    "count_only:bool=9 min_mod_revision:int64=10 max_mod_revision:int64=11 "
    "min_create_revision:int64=12 max_create_revision:int64=13",
    "RangeResponse": f"{_HEADER} *kvs:KeyValue=2 more:bool=3 count:int64=4",
    "PutRequest": "key:bytes=1 value:bytes=2 lease:int64=3 prev_kv:bool=4 ignore_value:bool=5 "
    "ignore_lease:bool=6",
    "PutResponse": f"{_HEADER} prev_kv:KeyValue=2",
    "DeleteRangeRequest": "key:bytes=1 range_end:bytes=2 prev_kv:bool=3",
    "DeleteRangeResponse": f"{_HEADER} deleted:int64=2 *prev_kvs:KeyValue=3",
    "RequestOp": "request_range|RangeRequest=1 request_put|PutRequest=2 "
    "request_delete_range|DeleteRangeRequest=3 request_txn|TxnRequest=4",
    "ResponseOp": "response_range|RangeResponse=1 response_put|PutResponse=2 "
    "response_delete_range|DeleteRangeResponse=3 response_txn|TxnResponse=4",
    "Compare": "result:CompareResult=1 target:CompareTarget=2 key:bytes=3 version|int64=4 "
    "create_revision|int64=5 mod_revision|int64=6 value|bytes=7 lease|int64=8 "
    "range_end:bytes=64",
    "TxnRequest": "*compare:Compare=1 *success:RequestOp=2 *failure:RequestOp=3",
    "TxnResponse": f"{_HEADER} succeeded:bool=2 *responses:ResponseOp=3",
    "CompactionRequest": "revision:int64=1 physical:bool=2",
    "CompactionResponse": _HEADER,
    "HashRequest": "",
    "HashResponse": f"{_HEADER} hash:uint32=2",
    "HashKVRequest": "revision:int64=1",
    "HashKVResponse": f"{_HEADER} hash:uint32=2 compact_revision:int64=3",
    "SnapshotRequest": "",
    "SnapshotResponse": f"{_HEADER} remaining_bytes:uint64=2 blob:bytes=3",
    "WatchRequest": "create_request|WatchCreateRequest=1 cancel_request|WatchCancelRequest=2 "
    "progress_request|WatchProgressRequest=3",
    "WatchCreateRequest": "key:bytes=1 range_end:bytes=2 start_revision:int64=3 "
    "progress_notify:bool=4 *filters:FilterType=5 prev_kv:bool=6 watch_id:int64=7 "
    "fragment:bool=8",
    "WatchCancelRequest": "watch_id:int64=1",
    "WatchProgressRequest": "",
    "WatchResponse": f"{_HEADER} watch_id:int64=2 created:bool=3 canceled:bool=4 "
    "compact_revision:int64=5 cancel_reason:string=6 fragment:bool=7 *events:Event=11",
    "LeaseGrantRequest": "TTL:int64=1 ID:int64=2",
    "LeaseGrantResponse": f"{_HEADER} ID:int64=2 TTL:int64=3 error:string=4",
    "LeaseRevokeRequest": "ID:int64=1",
    "LeaseRevokeResponse": _HEADER,
    "LeaseKeepAliveRequest": "ID:int64=1",
    "LeaseKeepAliveResponse": f"{_HEADER} ID:int64=2 TTL:int64=3",
    "LeaseTimeToLiveRequest": "ID:int64=1 keys:bool=2",
    "LeaseTimeToLiveResponse": f"{_HEADER} ID:int64=2 TTL:int64=3 grantedTTL:int64=4 *keys:bytes=5",
    "LeaseLeasesRequest": "",
    "LeaseStatus": "ID:int64=1",
    "LeaseLeasesResponse": f"{_HEADER} *leases:LeaseStatus=2",
    "Member": "ID:uint64=1 name:string=2 *peerURLs:string=3 *clientURLs:string=4 isLearner:bool=5",
    "MemberListRequest": "linearizable:bool=1",
    "MemberListResponse": f"{_HEADER} *members:Member=2",
    "DefragmentRequest": "",
    "DefragmentResponse": _HEADER,
    "AlarmRequest": "action:AlarmAction=1 memberID:uint64=2 alarm:AlarmType=3",
    "AlarmMember": "memberID:uint64=1 alarm:AlarmType=2",
    "AlarmResponse": f"{_HEADER} *alarms:AlarmMember=2",
    "StatusRequest": "",
    "StatusResponse": f"{_HEADER} version:string=2 dbSize:int64=3 leader:uint64=4 "
    "raftIndex:uint64=5 raftTerm:uint64=6 raftAppliedIndex:uint64=7 *errors:string=8 "
    "dbSizeInUse:int64=9 isLearner:bool=10",
}
_ENUMS = {
    "EventType": "PUT DELETE",
    "SortOrder": "NONE ASCEND DESCEND",
    "SortTarget": "KEY VERSION CREATE MOD VALUE",
    "CompareResult": "EQUAL GREATER LESS NOT_EQUAL",
    "CompareTarget": "C_VERSION C_CREATE C_MOD C_VALUE C_LEASE",
    "FilterType": "NOPUT NODELETE",
    "AlarmAction": "GET ACTIVATE DEACTIVATE",
    "AlarmType": "A_NONE NOSPACE CORRUPT",
}

# service -> method -> (request, response, the client streams, the server streams)
SERVICES: dict[str, dict[str, tuple[str, str, bool, bool]]] = {
    "KV": {
        "Range": ("RangeRequest", "RangeResponse", False, False),
        "Put": ("PutRequest", "PutResponse", False, False),
        "DeleteRange": ("DeleteRangeRequest", "DeleteRangeResponse", False, False),
        "Txn": ("TxnRequest", "TxnResponse", False, False),
        "Compact": ("CompactionRequest", "CompactionResponse", False, False),
    },
    "Watch": {"Watch": ("WatchRequest", "WatchResponse", True, True)},
    "Lease": {
        "LeaseGrant": ("LeaseGrantRequest", "LeaseGrantResponse", False, False),
        "LeaseRevoke": ("LeaseRevokeRequest", "LeaseRevokeResponse", False, False),
        "LeaseKeepAlive": ("LeaseKeepAliveRequest", "LeaseKeepAliveResponse", True, True),
        "LeaseTimeToLive": ("LeaseTimeToLiveRequest", "LeaseTimeToLiveResponse", False, False),
        "LeaseLeases": ("LeaseLeasesRequest", "LeaseLeasesResponse", False, False),
    },
    "Cluster": {"MemberList": ("MemberListRequest", "MemberListResponse", False, False)},
    "Maintenance": {
        "Alarm": ("AlarmRequest", "AlarmResponse", False, False),
        "Status": ("StatusRequest", "StatusResponse", False, False),
        "Defragment": ("DefragmentRequest", "DefragmentResponse", False, False),
        "Hash": ("HashRequest", "HashResponse", False, False),
        "HashKV": ("HashKVRequest", "HashKVResponse", False, False),
        "Snapshot": ("SnapshotRequest", "SnapshotResponse", False, True),
    },
}

_PACKAGE = "pykube.etcdserverpb"  # not etcd's: its own modules may be loaded beside these
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bytes": _FIELD.TYPE_BYTES,
    "string": _FIELD.TYPE_STRING,
    "bool": _FIELD.TYPE_BOOL,
    "int64": _FIELD.TYPE_INT64,
    "uint64": _FIELD.TYPE_UINT64,
    "uint32": _FIELD.TYPE_UINT32,
}


def _add_field(message: Message, text: str) -> None:
    declaration, number = text.split("=")
    in_oneof = "|" in declaration
    name, kind = declaration.lstrip("*").split("|" if in_oneof else ":")
    field = message.field.add(name=name, number=int(number))
    field.label = _FIELD.LABEL_REPEATED if text.startswith("*") else _FIELD.LABEL_OPTIONAL
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _FIELD.TYPE_ENUM if kind in _ENUMS else _FIELD.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
    if in_oneof:
        if not message.oneof_decl:
            message.oneof_decl.add(name="union")
        field.oneof_index = 0


def _build() -> dict[str, Message]:
    file = descriptor_pb2.FileDescriptorProto(
        name="pykube/etcdserverpb.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, values in _ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values.split()):
            enum.value.add(name=value, number=number)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split():
            _add_field(message, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


MESSAGES: dict[str, Message] = _build()


def __getattr__(name: str) -> Message:
    try:
        return MESSAGES[name]
    except KeyError:
        raise AttributeError(name) from None
