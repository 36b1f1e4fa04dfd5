/* Scalars: read one, write its JSON. */
#ifndef PKC_DOCUMENTS_YAML_SCALAR_H
#define PKC_DOCUMENTS_YAML_SCALAR_H

#include "documents/yaml.h"

/* `parent` is the column of what it is in, -1 at the top. */
int pkc_yaml_write_double_quoted(yaml_state *yaml, bool is_key);
int pkc_yaml_write_single_quoted(yaml_state *yaml, bool is_key);
int pkc_yaml_write_literal(yaml_state *yaml, int64_t parent);
int pkc_yaml_write_plain(yaml_state *yaml, int64_t parent);
/* A plain scalar of a flow collection, or a key: it ends on its line. */
int pkc_yaml_write_flow_plain(yaml_state *yaml, bool is_key);
int pkc_yaml_write_key(yaml_state *yaml);
/* The end of the text of a plain scalar on its line: ": ", " #", a tab and the line's end stop it.
 * clean_out says whether JSON can hold the text as it is. */
const char *pkc_yaml_plain_stop(yaml_state *yaml, const char *at, bool *clean_out);

#endif
