/* Anchors: the text that a name stands for. */
#ifndef PKC_DOCUMENTS_YAML_ANCHOR_H
#define PKC_DOCUMENTS_YAML_ANCHOR_H

#include "documents/yaml.h"

int pkc_yaml_open_anchor(yaml_state *yaml, const char *name, int64_t size);
int pkc_yaml_close_anchor(yaml_state *yaml, const char *name, int64_t size);
int pkc_yaml_put_alias(yaml_state *yaml, const char *name, int64_t size);

#endif
