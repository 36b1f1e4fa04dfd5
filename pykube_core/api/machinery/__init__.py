"""Objects of any kind: quantities, names, selectors, patches, decoding, statuses."""
