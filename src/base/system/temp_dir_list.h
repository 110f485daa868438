// SPDX-License-Identifier: Apache-2.0
//
// The temporary directories that this process has now (base/file.h, TempDir), for a signal handler that ends the
// process: destructors do not run there, and what is left in /dev/shm is memory that nobody has any more.
#pragma once

namespace ktstr {

// Where the list is full or the path too long, the directory stays behind after a crash, until a later run removes it.
void list_temp_dir(const char* path);
void unlist_temp_dir(const char* path);

// Removes all of them with what is in them. Async-signal-safe; other threads may go on meanwhile.
void remove_listed_temp_dirs();

}  // namespace ktstr
