// SPDX-License-Identifier: GPL-2.0-only
//
// load_module FILE [PARAMETERS]: what insmod(8) does, without libraries, so that it runs in any guest.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || syscall(SYS_finit_module, fd, argc > 2 ? argv[2] : "", 0) != 0) {
		fprintf(stderr, "load_module: %s: %s\n", argc > 1 ? argv[1] : "no file given", strerror(errno));
		return 1;
	}
	puts("loaded");
	return 0;
}
