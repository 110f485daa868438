# SPDX-License-Identifier: Apache-2.0
#
# ktstr_module(NAME [ONCE] SRCS ... HDRS ... DEPS ... [TESTS ...] [TEST_SUPPORT ...] [TEST_DEPS ...])
#
# One folder, one static library `ktstr_NAME` (alias `ktstr::NAME`), one unit test program. What a large module has for
# one subject is in a folder of its own below it, still one library; what only tests use is in `testing/` (TEST_SUPPORT,
# built into the test program). ONCE: what runs a few times a run, on the host alone, and is not worth the compiler's
# time. DEPS are the modules and libraries that this one may use; CMake refuses a cycle. Each header is compiled alone
# when CMAKE_VERIFY_INTERFACE_HEADER_SETS is on (target `all_verify_interface_header_sets`).
#
# With KTSTR_UNITY several files of a module are one for the compiler, and so are several of its tests: no two of a module
# may define the same name, and no two of its tests.
function(ktstr_compile_several_at_once target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD "${KTSTR_UNITY}" UNITY_BUILD_BATCH_SIZE 16)
endfunction()

# -Wno-missing-field-initializers: g++ 12 warns about designated initialisers, whose point is to leave fields out.
add_library(ktstr_warnings INTERFACE)
target_compile_options(
  ktstr_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
            -Wimplicit-fallthrough -Wformat=2 -Wno-missing-field-initializers $<$<BOOL:${KTSTR_WERROR}>:-Werror>)

if(KTSTR_SANITIZE)
  add_compile_options(-fsanitize=${KTSTR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KTSTR_SANITIZE})
  # It does not see fences, and GCC warns of each.
  if(KTSTR_SANITIZE STREQUAL thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-tsan)
  endif()
endif()

# Half of the time of a compilation goes into these: they are read once. CMake includes them by force, so a file that
# forgot one is found by a build without (KTSTR_PCH=OFF, as the sanitizers' presets have it).
set(KTSTR_PCH_HEADERS
    <algorithm> <array> <chrono> <cstdint> <filesystem> <functional> <map> <memory> <optional> <set> <string>
    <string_view> <utility> <variant> <vector> <fmt/format.h>)
# ktstr_pch(TARGET FIRST [HEADER...]): the headers as FIRST has them, which is compiled with the same options.
function(ktstr_pch target first)
  if(NOT KTSTR_PCH)
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # for ccache
  endif()
  if(target STREQUAL first)
    target_precompile_headers(${target} PRIVATE ${KTSTR_PCH_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
endfunction()

# What every test program has in common. Half of all code is tests, and a first build waits for them: they are not
# optimised, whatever the build type; what they test is.
function(ktstr_test_program target)
  target_compile_options(${target} PRIVATE -O0)
  ktstr_compile_several_at_once(${target})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
endfunction()

function(ktstr_module name)
  cmake_parse_arguments(PARSE_ARGV 1 m "ONCE" "" "SRCS;HDRS;DEPS;TESTS;TEST_SUPPORT;TEST_DEPS")
  add_library(ktstr_${name} STATIC ${m_SRCS})
  add_library(ktstr::${name} ALIAS ktstr_${name})
  set_target_properties(ktstr_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(ktstr_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${m_HDRS})
  target_include_directories(ktstr_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_link_libraries(ktstr_${name} PUBLIC ${m_DEPS} PRIVATE $<BUILD_INTERFACE:ktstr_warnings>)
  if(m_ONCE)
    target_compile_options(ktstr_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
    ktstr_pch(ktstr_${name} ktstr_kernel)
  else()
    ktstr_pch(ktstr_${name} ktstr_base)
  endif()
  ktstr_compile_several_at_once(ktstr_${name})
  if(KTSTR_TESTS AND m_TESTS)
    add_executable(${name}_test ${m_TESTS} ${m_TEST_SUPPORT})
    target_link_libraries(${name}_test PRIVATE ktstr_${name} ${m_TEST_DEPS} ktstr_warnings GTest::gmock_main)
    ktstr_test_program(${name}_test)
    ktstr_pch(${name}_test base_test <gmock/gmock.h>)
    add_test(NAME unit.${name} COMMAND ${name}_test)
    set(timeout 120)
    if(KTSTR_SANITIZE)
      set(timeout 900)
    endif()
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT ${timeout})
  endif()
endfunction()

# ktstr_all_links(TARGET OUT): what TARGET links, directly or not, itself included.
function(ktstr_all_links target out)
  set(found "")
  set(todo ${target})
  while(todo)
    list(POP_FRONT todo link)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" link "${link}")
    if(NOT TARGET "${link}")
      continue()
    endif()
    get_target_property(aliased ${link} ALIASED_TARGET)
    if(aliased)
      set(link ${aliased})
    endif()
    if(NOT link IN_LIST found)
      list(APPEND found ${link})
      get_target_property(links ${link} INTERFACE_LINK_LIBRARIES)
      if(links)
        list(APPEND todo ${links})
      endif()
    endif()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()
