"""YAML as JSON, as C alone writes it."""

from _pykube_hotcore.native._documents import YamlWriter


def yaml_to_json(text):
    """Return the JSON of a text that is one YAML document; None as `YamlWriter.json_at` says."""
    found = YamlWriter().json_at(text, 0)
    return None if found is None or found[1] < len(text) else found[0]
