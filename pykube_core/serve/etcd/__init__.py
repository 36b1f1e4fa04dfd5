"""An etcd for any etcd client: the v3 gRPC protocol in front of a store.

Needs the extra ``etcd`` (grpcio, protobuf). The parts do not know each other: `faults` gives
etcd's codes to the store's errors, `kv` answers single requests, `watch` runs one watch stream, and
`server` puts them on a port.
"""
