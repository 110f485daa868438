# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=FILE.cpp -DHEADER=x.h -DNAMES="kA;kB" -DkA="a;b" -DkB="c" -P EmbedText.cmake: text files, several one after
# another, as constants of namespace ktstr.
set(made "// Made by cmake/EmbedText.cmake.\n#include \"${HEADER}\"\n\nnamespace ktstr {\n\n")
foreach(name ${NAMES})
  string(APPEND made "const std::string_view ${name} =\n")
  foreach(file ${${name}})
    file(READ "${file}" text)
    string(APPEND made "R\"ktstr(${text})ktstr\"\n")
  endforeach()
  string(APPEND made ";\n")
endforeach()
string(APPEND made "\n}  // namespace ktstr\n")
file(WRITE "${OUT}" "${made}")
