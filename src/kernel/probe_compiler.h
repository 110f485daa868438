// SPDX-License-Identifier: Apache-2.0
//
// What a probe of the plugin looks at, written as one writes it in C, and turned into its steps by the kernel's types:
//
//   p->pid                              a parameter of the function, by its name in BTF
//   rq->curr->cgroups->dfl_cgrp->kn->id  through pointers
//   p->se.sched_delayed                 members of members; those of anonymous structs as in C
//   p->cpus_ptr->bits[1]                an element
//   p->comm                             an array of up to 32 characters: a value for each 8 of them
//   name->*16                           16 bytes at a pointer, as 2 values
//   $rdi:task_struct->pid               a register, for a function that BTF does not know
//   $ret, $ret->pid                     what the function returns, where it does
//   =3                                  the number itself
//
// A path that begins with '?' may be missing in this kernel, and is then the number 0; of several with '|' between
// them, the first that is there is taken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/btf.h"
#include "probe_page.h"

namespace ktstr {

struct CompiledValue {
  std::uint32_t words = 1;  // values of the event that it takes
  bool absent = false;      // not in this kernel: 0
  bool is_text = false;     // an array, or bytes at a pointer
  bool is_signed = false;   // a number that may be negative
};

// Where the parameters are when a function begins: in the argument registers, or, of a method of BPF, in memory at the
// first of these, 8 bytes each.
enum class ParametersIn { kRegisters, kContext };

// Adds the steps of `expression` to the probe. `function`: whose parameters it may name, a type in BTF of it or of a
// pointer to it; 0: it is not known. kNotFound: what this kernel does not have; kInvalidArgument: what is no
// expression; kUnsupported: more than a probe has room for.
Result<CompiledValue> compile_value(const Btf& btf, BtfTypeId function, std::string_view expression,
                                    control::Probe& probe, ParametersIn where = ParametersIn::kRegisters);

}  // namespace ktstr
