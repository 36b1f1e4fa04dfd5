/* Documents as text: marks, where one of JSON ends, and YAML as programs write it as JSON. */

enum {
    PKC_YAML_DEPTH_MAX = 100,      /* collections inside each other */
    PKC_YAML_KEY_BYTES_MAX = 1000, /* YAML itself ends a key at 1024 characters */
    PKC_YAML_OPEN_KEYS_MAX = 65536 /* keys of one mapping and of all that it is in */
};

/* Write where a mark stands in text[start, end) to at_out, in order, none inside another; returns
 * how many. There is room for (end - start) / mark_size. O(end - start). */
int64_t pkc_text_find_all(const char *text, int64_t start, int64_t end, const char *mark,
                          int64_t mark_size, int64_t *at_out);

/* Where the JSON object or array that begins at start ends, by its brackets and strings alone: the
 * offset behind it, or size + 1 when it is not whole. PKC_ERR_INVALID: no bracket is there.
 * O(size). */
int64_t pkc_json_end(const char *text, int64_t size, int64_t start);

/* Write the JSON of the first YAML document of a text: numbers, booleans and null as Kubernetes'
 * reader takes them (sigs.k8s.io/yaml v1.6), keys in order, no spaces. It ends before a line that
 * begins with "---", which end_out is the offset of, or with the text. Whatever is rare is left to
 * a reader of everything: tags, merges, explicit keys, folded text, tabs that separate, numbers
 * that are not plain, carriage returns, "...", and every error.
 *
 * Returns the bytes written, 0 for a document without content; PKC_ERR_INVALID for what is left to
 * others, PKC_ERR_LIMIT when out is full, or PKC_ERR_NO_MEMORY. out has room for capacity bytes.
 * O(size), and of a mapping with many keys O(keys^2 / 64). */
int64_t pkc_yaml_write_json(const char *text, int64_t size, char *out, int64_t capacity,
                            int64_t *end_out);
