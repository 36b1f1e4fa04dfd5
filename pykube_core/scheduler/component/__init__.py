"""kube-scheduler as a component of the cluster."""
