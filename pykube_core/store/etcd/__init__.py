"""etcd's v3 protocol: its messages, how they map to the store's, and a store behind a real etcd.

Needs the extra ``etcd`` (grpcio, protobuf).
"""
