/* The portable kernel of pkc_crc32c, for its test: without the inversion before and after. */
#ifndef PKC_CRC32C_H
#define PKC_CRC32C_H

#include <stdint.h>

uint32_t pkc_crc32c_portable(uint32_t crc, const uint8_t *data, int64_t size);

#endif
