// SPDX-License-Identifier: GPL-2.0-only
//
// A kernel module that does what a kernel should not: which of it, its parameter `fault` says. For tests of what is said
// about such a kernel. Built without the kernel's headers, which archives drop long before the kernel itself: types come
// out of its BTF (vmlinux.h), and build.sh gives VERMAGIC, WARN_ENTRY_SIZE and WARN_ENTRY_HAS_FORMAT.
#include "vmlinux.h"

#define SECTION(name) __attribute__((section(name), used))
#define INFO(tag, text) static const char tag[] SECTION(".modinfo") = text

extern int _printk(const char *format, ...);
extern void msleep(unsigned int milliseconds);
extern void _raw_spin_lock(raw_spinlock_t *lock);
extern void _raw_spin_unlock(raw_spinlock_t *lock);
extern int strcmp(const char *a, const char *b);
extern void smp_call_function(void (*function)(void *), void *argument, int wait);
extern const struct kernel_param_ops param_ops_charp;

static char *fault = "none";
static raw_spinlock_t lock;

static void spin(void *unused)
{
	for (;;)
		asm volatile("pause");
}

// Not with `pause`, at which an emulated CPU gives up its turn: a minute then makes a second of the guest.
static void spin_busily(void)
{
	for (;;)
		asm volatile("");
}

static void spin_without_interrupts(void *unused)
{
	asm volatile("cli");
	spin(unused);
}

// What WARN_ON(1) is on x86: an invalid instruction and an entry in __bug_table (arch/x86/include/asm/bug.h).
__attribute__((noinline)) static void warn(void)
{
	asm volatile("1:	ud2\n"
		     ".pushsection .rodata.str, \"a\"\n"
		     "3:	.string \"ktstr_faults.c\"\n"
		     "4:	.string \"\"\n"
		     ".popsection\n"
		     ".pushsection __bug_table, \"aw\"\n"
		     "2:	.long 1b - .\n"
#if WARN_ENTRY_HAS_FORMAT
		     "	.long 4b - .\n"
#endif
		     "	.long 3b - .\n"
		     "	.word 123\n"
		     "	.word 1 | (9 << 8)\n" // BUGFLAG_WARNING, TAINT_WARN
		     "	.org 2b + %c0\n"
		     ".popsection\n"
		     :
		     : "i"(sizeof(struct bug_entry)));
}

static void sleep_in_atomic_context(void)
{
	_raw_spin_lock(&lock);
	msleep(10);
	_raw_spin_unlock(&lock);
}

__attribute__((noinline)) static void ktstr_fault(const char *name)
{
	if (strcmp(name, "oops") == 0)
		*(volatile int *)0 = 1;
	if (strcmp(name, "warn") == 0)
		warn();
	if (strcmp(name, "warn_twice") == 0)
		for (volatile int i = 0; i < 2; ++i)
			warn();
	if (strcmp(name, "atomic_sleep") == 0)
		sleep_in_atomic_context();
	if (strcmp(name, "hung_task") == 0)
		msleep(1000000); // uninterruptible
	if (strcmp(name, "spin") == 0) { // one CPU, preemption off, interrupts on
		_raw_spin_lock(&lock);
		spin(0);
	}
	if (strcmp(name, "lockup") == 0) { // the same, busily
		_raw_spin_lock(&lock);
		spin_busily();
	}
	if (strcmp(name, "hang_one") == 0)
		spin_without_interrupts(0);
	if (strcmp(name, "hang") == 0) {
		smp_call_function(spin_without_interrupts, 0, 0);
		spin_without_interrupts(0);
	}
}

static int load(void)
{
	ktstr_fault(fault);
	return 0;
}

static void unload(void)
{
}

struct module __this_module SECTION(".gnu.linkonce.this_module") = {
	.name = "ktstr_faults",
	.init = load,
	.exit = unload,
};

static const struct kernel_param param_fault SECTION("__param") __attribute__((aligned(8))) = {
	.name = "fault",
	.mod = &__this_module,
	.ops = &param_ops_charp,
	.level = -1,
	.arg = &fault,
};

INFO(info_license, "license=GPL v2");
INFO(info_name, "name=ktstr_faults");
INFO(info_vermagic, "vermagic=" VERMAGIC);
INFO(info_retpoline, "retpoline=Y");
INFO(info_parameter, "parmtype=fault:charp");
INFO(info_description, "description=Faults of the kernel, on request");

// No symbol's checksum; but a table without them is not a module that was built without checksums: the kernel warns once
// and goes on (check_version() in kernel/module/version.c). Its BTF does not hold this type (include/linux/module.h).
struct checksum {
	unsigned long crc;
	char name[64 - sizeof(unsigned long)];
};
static const struct checksum checksums[] SECTION("__versions") = {{.crc = 0, .name = "ktstr_none"}};
