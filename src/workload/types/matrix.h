// SPDX-License-Identifier: Apache-2.0
//
// Multiplications of matrices, as work that wants its cache.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "workload/worker_run.h"

namespace ktstr {

// Rows of the largest square matrix of which three have room in that much memory.
inline std::size_t matrix_rows(std::uint64_t kib) {
  return static_cast<std::size_t>(std::sqrt(static_cast<double>(kib * 1024 / 3 / sizeof(std::uint64_t))));
}
constexpr std::size_t matrices_bytes(std::size_t rows) { return 3 * rows * rows * sizeof(std::uint64_t); }

// The sum grows in memory, as with schbench. Not inlined: among the variables of a loop an instruction comes on top of
// each eight.
[[gnu::noinline]] inline void multiply_row(const std::uint64_t* a_row, const std::uint64_t* b,
                                           std::uint64_t* product_row, std::size_t rows) {
  for (std::size_t column = 0; column < rows; ++column) {
    product_row[column] = 0;
    for (std::size_t i = 0; i < rows; ++i) product_row[column] += a_row[i] * b[i * rows + column];
  }
}

// Of three square matrices, one after the other in `memory`. Some thousands of products are a unit of work.
inline void multiply_matrices(std::span<std::uint64_t> memory, std::size_t rows, WorkerRun& run) {
  constexpr std::size_t kProductsPerUnit = 8192;
  const std::uint64_t* const b = memory.data() + rows * rows;
  std::uint64_t* const product = memory.data() + 2 * rows * rows;
  for (std::size_t row = 0, products = 0; row < rows && !run.stopping(); ++row) {
    multiply_row(memory.data() + row * rows, b, product + row * rows, rows);
    products += rows * rows;
    if (products < kProductsPerUnit && row + 1 < rows) continue;
    products = 0;
    run.end_unit();
  }
}

}  // namespace ktstr
