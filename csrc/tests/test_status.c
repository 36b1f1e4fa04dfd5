/* Every status has text of its own. */
#include <string.h>

#include "pkc.h"
#include "test.h"

static void test_every_status_has_text_of_its_own(void) {
    for (int a = PKC_OK; a >= PKC_ERR_LAST; a--) {
        EXPECT(strcmp(pkc_status_text(a), "unknown status") != 0);
        for (int b = PKC_OK; b > a; b--) {
            EXPECT(strcmp(pkc_status_text(a), pkc_status_text(b)) != 0);
        }
    }
    EXPECT(strcmp(pkc_status_text(PKC_ERR_LAST - 1), "unknown status") == 0);
}

int main(void) {
    RUN(test_every_status_has_text_of_its_own);
    return 0;
}
