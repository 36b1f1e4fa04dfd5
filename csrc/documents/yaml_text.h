/* Text on its way from YAML to JSON, and what stands between two things to read. */
#ifndef PKC_DOCUMENTS_YAML_TEXT_H
#define PKC_DOCUMENTS_YAML_TEXT_H

#include "documents/yaml.h"

/* Append text inside a JSON string; only what is legal in YAML as it stands. */
int pkc_yaml_put_text(yaml_state *yaml, const char *data, int64_t size);

/* Skip spaces, comments and empty lines up to the next thing to read, which may be the end.
 * PKC_ERR_INVALID for tabs and for markers of documents. */
int pkc_yaml_skip_lines(yaml_state *yaml);
/* The same within a line; then only a comment may follow, and at is the line break or the end. */
int pkc_yaml_end_line(yaml_state *yaml);

#endif
