/* The meaning of a plain scalar. */
#ifndef PKC_DOCUMENTS_YAML_RESOLVE_H
#define PKC_DOCUMENTS_YAML_RESOLVE_H

#include "documents/yaml.h"

/* Write what a plain scalar on one line means, as a value or as a key. clean: JSON can hold it as
 * it is. */
int pkc_yaml_put_resolved(yaml_state *yaml, const char *data, int64_t size, bool is_key,
                          bool clean);

#endif
