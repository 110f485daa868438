#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# format.sh CLANG-FORMAT: every C++ file is formatted as .clang-format has it. BPF code follows the kernel's style.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
find bench bpf examples fuzz include plugin src tests \( -name '*.cpp' -o -name '*.h' \) ! -name '*.bpf.h' -print0 |
  xargs -0 -n 40 -P 2 "$1" --dry-run -Werror
