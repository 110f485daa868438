// SPDX-License-Identifier: Apache-2.0
//
// toml++ for the statically linked agent: distributions package it as a shared library only. TOML_HEADER_ONLY=0 as
// everywhere.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
