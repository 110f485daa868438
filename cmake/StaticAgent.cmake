# SPDX-License-Identifier: Apache-2.0
#
# The agent is linked statically where the system has what that takes: a fork of it copies five mappings instead of
# fifty, it resolves no symbols, and everything it runs is in few pages. Elsewhere, and under a sanitizer, it is an
# ordinary program, whose libraries travel with it.
#
# ktstr_library(VARIABLE SHARED [STATIC]): what a module names as its dependency. For a program with the property
# KTSTR_STATIC it is STATIC, or nothing: what such a program is then to bring along itself.
function(ktstr_library variable shared)
  set(is_static "$<BOOL:$<TARGET_PROPERTY:KTSTR_STATIC>>")
  set(library "$<$<NOT:${is_static}>:${shared}>")
  if(ARGC GREATER 2)
    set(library "$<IF:${is_static},${ARGV2},${shared}>")
  endif()
  set(${variable} "${library}" PARENT_SCOPE)
endfunction()

ktstr_library(KTSTR_FMT fmt::fmt)
ktstr_library(KTSTR_TOML PkgConfig::tomlplusplus)
ktstr_library(KTSTR_MD PkgConfig::libmd -l:libmd.a)
ktstr_library(KTSTR_ZLIB ZLIB::ZLIB -l:libz.a)

# Whether a program can be linked with all of them.
function(ktstr_check_static variable)
  set(${variable} OFF PARENT_SCOPE)
  if(KTSTR_SANITIZE)
    return()
  endif()
  set(dir ${PROJECT_BINARY_DIR}/static_agent)
  file(WRITE ${dir}/main.cpp
       "#include <fmt/format.h>\n#include <sha256.h>\n#include <toml++/toml.h>\n#include <zlib.h>\n"
       "int main(int argc, char** argv) {\n"
       "  SHA2_CTX sum;\n  SHA256Init(&sum);\n"
       "  const auto table = toml::parse(std::string_view(argv[0]));\n"
       "  const auto text = fmt::format(\"{} {:.1f} {}\", argc, argc / 3.0, table.size());\n"
       "  return static_cast<int>(crc32(0, nullptr, 0) + text.size());\n}\n")
  set(parts ${PROJECT_SOURCE_DIR}/src/guest/static)
  try_compile(
    possible ${dir}
    SOURCES ${dir}/main.cpp ${parts}/fmt.cpp ${parts}/toml.cpp
    COMPILE_DEFINITIONS -DTOML_HEADER_ONLY=0
    LINK_OPTIONS -static -no-pie
    LINK_LIBRARIES -l:libmd.a -l:libz.a
    CXX_STANDARD 20)
  if(NOT possible)
    message(STATUS "The agent is not linked statically: a static libc, libstdc++, libmd or libz, or fmt 9, is missing")
  endif()
  set(${variable} ${possible} PARENT_SCOPE)
endfunction()
