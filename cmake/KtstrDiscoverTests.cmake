# SPDX-License-Identifier: Apache-2.0
# Run by ktstr_add_tests() after each build: asks PROGRAM for its tests and writes OUTPUT for CTest.
execute_process(
  COMMAND ${PROGRAM} --list
  OUTPUT_VARIABLE names
  ERROR_VARIABLE complaint
  RESULT_VARIABLE status
  TIMEOUT 60)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --list: ${status}\n${complaint}")
endif()
string(REPLACE "\n" ";" names "${names}")

set(arguments "")
foreach(argument IN LISTS ARGUMENTS)
  string(APPEND arguments " [==[${argument}]==]")
endforeach()
set(script "")
foreach(name IN LISTS names)
  if(name STREQUAL "")
    continue()
  endif()
  string(APPEND script "add_test([==[${PREFIX}${name}]==] [==[${PROGRAM}]==] --filter ${name}${arguments})\n"
         "set_tests_properties([==[${PREFIX}${name}]==] PROPERTIES TIMEOUT ${TIMEOUT} LABELS \"${LABELS}\")\n")
endforeach()
file(WRITE ${OUTPUT} "${script}")
