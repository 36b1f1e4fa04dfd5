/* pykube-core's C library: everything public. */
#ifndef PKC_H
#define PKC_H

#include <stdint.h>

#include "pkc_api.h"
#include "pkc_engine_api.h"
#include "pkc_form_api.h"
#include "pkc_program_api.h"
#include "pkc_store_api.h"
#include "pkc_document_api.h"

#endif
