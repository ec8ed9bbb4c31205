/* SPDX-License-Identifier: MIT */
#include "test-damos.h"

bool
test_recorded_register(void)
{
    return true;
}
