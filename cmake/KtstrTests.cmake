# SPDX-License-Identifier: Apache-2.0
#
# ktstr_add_tests(TARGET [PREFIX name.] [LABELS ...] [TIMEOUT seconds] [ARGUMENTS ...])
#
# Registers each KTSTR_TEST of an executable with CTest, as PREFIXname (PREFIX defaults to "TARGET."). The program is
# asked for its tests (--list) each time that it was built; each runs with `--filter NAME` and ARGUMENTS, in a guest of
# its own. TIMEOUT (default 300) is the backstop in host time: the harness itself ends runs that hang.

function(ktstr_add_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 k "" "PREFIX;TIMEOUT" "LABELS;ARGUMENTS")
  if(k_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ktstr_add_tests(${target}): not understood: ${k_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT DEFINED k_PREFIX)
    set(k_PREFIX "${target}.")
  endif()
  if(NOT k_TIMEOUT)
    set(k_TIMEOUT 300)
  endif()
  # The same program may be registered again with other arguments, under another prefix.
  set(tests_file ${CMAKE_CURRENT_BINARY_DIR}/${target}_${k_PREFIX}ktstr_tests.cmake)
  set(include_file ${CMAKE_CURRENT_BINARY_DIR}/${target}_${k_PREFIX}ktstr_include.cmake)
  add_custom_command(
    TARGET ${target}
    POST_BUILD
    BYPRODUCTS ${tests_file}
    COMMAND
      ${CMAKE_COMMAND} -D "PROGRAM=$<TARGET_FILE:${target}>" -D "OUTPUT=${tests_file}" -D "PREFIX=${k_PREFIX}" -D
      "LABELS=${k_LABELS}" -D "TIMEOUT=${k_TIMEOUT}" -D "ARGUMENTS=${k_ARGUMENTS}" -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/KtstrDiscoverTests.cmake
    VERBATIM)
  # A program that was not built shows up as one test that fails, not as no tests.
  file(
    WRITE ${include_file}
    "if(EXISTS \"${tests_file}\")\n  include(\"${tests_file}\")\n"
    "else()\n  add_test(${target}_NOT_BUILT ${target}_NOT_BUILT)\nendif()\n"
  )
  set_property(
    DIRECTORY
    APPEND
    PROPERTY TEST_INCLUDE_FILES ${include_file})
endfunction()
