# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=FILE.cpp -DHEADER=x.h -DNAMES="kA;kB" -DFILES="a;b" -P EmbedText.cmake: text files as constants of
# namespace ktstr.
set(made "// Made by cmake/EmbedText.cmake.\n#include \"${HEADER}\"\n\nnamespace ktstr {\n\n")
foreach(name file IN ZIP_LISTS NAMES FILES)
  file(READ "${file}" text)
  string(APPEND made "const std::string_view ${name} = R\"ktstr(${text})ktstr\";\n")
endforeach()
string(APPEND made "\n}  // namespace ktstr\n")
file(WRITE "${OUT}" "${made}")
