// SPDX-License-Identifier: Apache-2.0
#include <ktstr/ktstr.h>

KTSTR_TEST(from_outside, {.topology = "1n1l2c1t"}) {
  return ktstr::execute_defs(ctx, {ktstr::CgroupDef::named("cg_0").workers(2)});
}
