// SPDX-License-Identifier: Apache-2.0
//
// Deterministic choices from a seed: no state, no clock, the same on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace ktstr {

// One step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): a
// well-mixed number from any state, neighbouring states included.
constexpr std::uint64_t splitmix64(std::uint64_t state) {
  std::uint64_t z = state + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// From 0 to `most`, from a well-mixed number; the bias of the remainder does not matter for choices.
constexpr std::uint64_t pick_up_to(std::uint64_t mixed, std::uint64_t most) { return mixed % (most + 1); }

// FNV-1a, so that a name can take part in a choice; std::hash may differ between libraries.
constexpr std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace ktstr
