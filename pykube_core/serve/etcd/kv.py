"""Answers to etcd's single requests: KV, Lease, Cluster and Maintenance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pykube_core.store import Store
from pykube_core.store.etcd import convert, wire
from pykube_core.store.etcd.wire import Message

VERSION = "3.5.21"
"""Clients that ask want at least 3.5.13, whose watches answer progress requests in order."""

_TERM = 2
_CHUNK_BYTES = 32 * 1024


class Answers:
    """One method for each of etcd's unary methods, named as it; blocking.

    Parameters
    ----------
    store : Store
        Whose answers these are.
    name : str
        Of the one member; its id and the cluster's follow from it.
    client_url : str
        Where clients reach it.
    """

    # Calls that only read memory; everything else may wait for the disk.
    FAST = frozenset({"Range", "Status", "MemberList", "LeaseTimeToLive", "LeaseLeases", "Alarm"})

    def __init__(self, store: Store, name: str = "default", client_url: str = "") -> None:
        self._store = store
        self._name = name
        self._client_url = client_url
        digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        self.member_id = int.from_bytes(digest[:8], "little")
        self.cluster_id = int.from_bytes(digest[8:], "little")

    def header(self, revision: int | None = None) -> Message:
        """Return a header, of the current revision by default."""
        return wire.ResponseHeader(
            cluster_id=self.cluster_id,
            member_id=self.member_id,
            revision=self._store.revision if revision is None else revision,
            raft_term=_TERM,
        )

    def Range(self, request: Message) -> Message:
        """KV.Range."""
        result = self._store.query(convert.get_of(request))
        return convert.response_message(result, self.header(result.revision))

    def Put(self, request: Message) -> Message:
        """KV.Put."""
        op = convert.put_of(request)
        result = self._store.put(
            op.key,
            op.value,
            lease=op.lease,
            prev_kv=op.prev_kv,
            ignore_value=op.ignore_value,
            ignore_lease=op.ignore_lease,
        )
        return convert.response_message(result, self.header(result.revision))

    def DeleteRange(self, request: Message) -> Message:
        """KV.DeleteRange."""
        op = convert.delete_of(request)
        result = self._store.delete(op.key, op.end, prev_kv=op.prev_kv)
        return convert.response_message(result, self.header(result.revision))

    def Txn(self, request: Message) -> Message:
        """KV.Txn."""
        txn = convert.txn_of(request)
        result = self._store.txn(txn.compares, txn.success, txn.failure)
        return convert.response_message(result, self.header(result.revision))

    def Compact(self, request: Message) -> Message:
        """KV.Compact."""
        return wire.CompactionResponse(header=self.header(self._store.compact(request.revision)))

    def LeaseGrant(self, request: Message) -> Message:
        """Lease.LeaseGrant."""
        lease = self._store.lease_grant(request.TTL, request.ID)
        return wire.LeaseGrantResponse(header=self.header(), ID=lease.id, TTL=lease.ttl)

    def LeaseRevoke(self, request: Message) -> Message:
        """Lease.LeaseRevoke."""
        return wire.LeaseRevokeResponse(header=self.header(self._store.lease_revoke(request.ID)))

    def keep_alive(self, request: Message) -> Message:
        """Answer one request of a Lease.LeaseKeepAlive stream."""
        ttl = self._store.lease_keep_alive(request.ID)
        return wire.LeaseKeepAliveResponse(header=self.header(), ID=request.ID, TTL=ttl)

    def LeaseTimeToLive(self, request: Message) -> Message:
        """Lease.LeaseTimeToLive."""
        lease = self._store.lease_time_to_live(request.ID)
        return wire.LeaseTimeToLiveResponse(
            header=self.header(),
            ID=request.ID,
            TTL=lease.ttl,
            grantedTTL=lease.granted_ttl,
            keys=lease.keys if request.keys else (),
        )

    def LeaseLeases(self, request: Message) -> Message:
        """Lease.LeaseLeases."""
        leases = [wire.LeaseStatus(ID=lease) for lease in self._store.leases()]
        return wire.LeaseLeasesResponse(header=self.header(), leases=leases)

    def MemberList(self, request: Message) -> Message:
        """Cluster.MemberList: one member."""
        member = wire.Member(ID=self.member_id, name=self._name, clientURLs=[self._client_url])
        return wire.MemberListResponse(header=self.header(), members=[member])

    def Alarm(self, request: Message) -> Message:
        """Maintenance.Alarm: there are none; a full disk refuses writes by itself."""
        return wire.AlarmResponse(header=self.header())

    def Status(self, request: Message) -> Message:
        """Maintenance.Status; the sizes are the memory's, or the disk's where there is one."""
        status = self._store.status()
        size = status.disk_bytes if status.durable else status.memory_bytes
        return wire.StatusResponse(
            header=self.header(status.revision),
            version=VERSION,
            dbSize=size,
            dbSizeInUse=min(status.data_bytes, size),
            leader=self.member_id,
            raftIndex=status.revision,
            raftAppliedIndex=status.revision,
            raftTerm=_TERM,
            errors=["a sync to disk failed: read-only"] if status.failed else [],
        )

    def Defragment(self, request: Message) -> Message:
        """Maintenance.Defragment: the log becomes a snapshot."""
        self._store.snapshot()
        return wire.DefragmentResponse()

    def Hash(self, request: Message) -> Message:
        """Maintenance.Hash."""
        value, revision, _ = self._store.hash()
        return wire.HashResponse(header=self.header(revision), hash=value)

    def HashKV(self, request: Message) -> Message:
        """Maintenance.HashKV."""
        value, revision, compacted = self._store.hash(max(request.revision, 0))
        return wire.HashKVResponse(
            header=self.header(revision), hash=value, compact_revision=compacted
        )

    def snapshot(self) -> Iterator[Message]:
        """Answer Maintenance.Snapshot: a backup, its SHA-256 behind it.

        The backup is this store's own, padded to whole 512 bytes as etcd's files are;
        ``pykube store restore`` reads it.
        """
        data = self._store.backup()
        data += bytes(-len(data) % 512)
        data += hashlib.sha256(data).digest()
        header = self.header()
        for at in range(0, len(data), _CHUNK_BYTES):
            left = max(len(data) - at - _CHUNK_BYTES, 0)
            blob = data[at : at + _CHUNK_BYTES]
            yield wire.SnapshotResponse(header=header, remaining_bytes=left, blob=blob)
