// SPDX-License-Identifier: Apache-2.0
//
// The values that a user's probe takes, compiled, before it is known where it is placed and which number it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/probe_compiler.h"
#include "trace/probes/parameters.h"

namespace ktstr {

struct ProbeValues {
  control::Probe steps{};  // alone: they name each other by their places in it
  std::uint32_t count = 0;
  std::uint32_t text = 0;  // trace::Probe::text
};

// At most `most` values. kUnsupported: there are more, or no room for all steps; otherwise as compile_value().
Result<ProbeValues> compile_values(const Btf& btf, BtfTypeId function, const std::vector<std::string>& expressions,
                                   std::size_t most, ParametersIn where = ParametersIn::kRegisters);

// Of the parameters of a function those for which there is room, in their order; what is left in `shown` is in them.
ProbeValues compile_parameters(const Btf& btf, BtfTypeId function, std::size_t most, ParametersIn where,
                               std::vector<ProbeParameter>& shown);

// Puts them, their count and how they are to be read, with `flags`, into a probe that has its number, as `most` values.
void put_values(const ProbeValues& values, std::uint32_t flags, std::size_t most, control::Probe& probe);

}  // namespace ktstr
