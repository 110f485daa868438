// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "main/test_program.h"

int main(int argc, char** argv) {
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "tests";
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return ktstr::run_test_program(ktstr::registered_tests(), name, arguments);
}
