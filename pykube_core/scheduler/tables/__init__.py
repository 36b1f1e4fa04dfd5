"""Tables beside the engine: names, selectors, nodes, pods and volumes, as numbers."""
