/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a kernel can boot to. */
#include <sys/reboot.h>

int main(void) { return reboot(RB_POWER_OFF); }
