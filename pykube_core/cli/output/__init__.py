"""Output formats of kubectl: JSONPath, Go templates, custom columns, tables in another order."""
