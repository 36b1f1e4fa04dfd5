"""kube-scheduler: configuration, plugins, cycle."""
