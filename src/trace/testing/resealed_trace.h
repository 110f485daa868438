// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace ktstr {

// A trace file that was edited, with hashes that are right again as far as its parts can be found: behind them a reader
// has to check what the parts say.
ByteVector resealed_trace(ByteVector file);

}  // namespace ktstr
