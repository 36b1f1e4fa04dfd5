/* crc32c (Castagnoli): the processor's instruction where there is one, else eight tables. */
#include "common/crc32c.h"

#include <pthread.h>
#include <string.h>

#include "pkc.h"

#define POLYNOMIAL 0x82f63b78u

static uint32_t table[8][256];
static uint32_t (*kernel)(uint32_t crc, const uint8_t *data, int64_t size);
static pthread_once_t once = PTHREAD_ONCE_INIT;

uint32_t pkc_crc32c_portable(uint32_t crc, const uint8_t *data, int64_t size) {
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        word ^= crc;
        crc = 0;
        for (int i = 0; i < 8; i++) {
            crc ^= table[7 - i][(word >> (8 * i)) & 0xff];
        }
        data += 8;
        size -= 8;
    }
    for (; size > 0; size--) {
        crc = table[0][(crc ^ *data++) & 0xff] ^ (crc >> 8);
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const uint8_t *data,
                                                            int64_t size) {
    uint64_t wide = crc;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        wide = __builtin_ia32_crc32di(wide, word);
        data += 8;
        size -= 8;
    }
    crc = (uint32_t)wide;
    for (; size > 0; size--) {
        crc = __builtin_ia32_crc32qi(crc, *data++);
    }
    return crc;
}
#endif

static void choose(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        }
        table[0][i] = crc;
    }
    for (int t = 1; t < 8; t++) {
        for (int i = 0; i < 256; i++) {
            table[t][i] = table[0][table[t - 1][i] & 0xff] ^ (table[t - 1][i] >> 8);
        }
    }
    kernel = pkc_crc32c_portable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        kernel = crc_sse42;
    }
#endif
}

uint32_t pkc_crc32c(uint32_t crc, const void *data, int64_t size) {
    pthread_once(&once, choose);
    return ~kernel(~crc, data, size);
}
