# SPDX-License-Identifier: Apache-2.0
#
# What is installed: bin/ktstr and bin/scx_ktstr, libexec/ktstr/ktstr-agent, the libraries and headers that test
# programs need, the CMake package, manual pages and completions for shells, and in share/doc/ktstr the guide and the
# examples. Public headers are include/ktstr/*.h; the headers that they include (base/result.h, ...) are below
# include/ktstr/detail, which the exported targets add to the include path.
include(CMakePackageConfigHelpers)

set(KTSTR_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/ktstr)
# ktstr_main and every module that it needs, directly or not.
ktstr_all_links(ktstr_main KTSTR_INSTALLED_MODULES)
list(FILTER KTSTR_INSTALLED_MODULES INCLUDE REGEX "^ktstr_")

# Whoever includes our headers compiles as C++20 at least.
target_compile_features(ktstr_base PUBLIC cxx_std_20)
target_include_directories(ktstr_base PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(
  TARGETS ${KTSTR_INSTALLED_MODULES}
  EXPORT ktstrTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/ktstr
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ktstr/detail)
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/include/ktstr
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.h")
install(
  EXPORT ktstrTargets
  NAMESPACE ktstr::
  DESTINATION ${KTSTR_PACKAGE_DIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ktstrConfig.cmake.in ${PROJECT_BINARY_DIR}/ktstrConfig.cmake
                              INSTALL_DESTINATION ${KTSTR_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ktstrConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ktstrConfig.cmake ${PROJECT_BINARY_DIR}/ktstrConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/KtstrTests.cmake ${PROJECT_SOURCE_DIR}/cmake/KtstrDiscoverTests.cmake
        DESTINATION ${KTSTR_PACKAGE_DIR})

install(TARGETS ktstr DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ktstr-agent ktstr_turns DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/ktstr)
if(TARGET scx_ktstr)
  install(PROGRAMS $<TARGET_FILE:scx_ktstr> DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(PROGRAMS $<TARGET_FILE:scx_load> DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/ktstr)
endif()

# As in the source tree, so that the pages' links hold.
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/docs
  DESTINATION ${CMAKE_INSTALL_DOCDIR}
  PATTERN site EXCLUDE)
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/examples
  DESTINATION ${CMAKE_INSTALL_DOCDIR}
  PATTERN CMakeLists.txt EXCLUDE)

# Manual pages and completions, as the program itself prints them. A program that this machine cannot run prints none.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  set(KTSTR_MANUAL ${PROJECT_BINARY_DIR}/manual)
  add_custom_command(
    OUTPUT ${KTSTR_MANUAL}/made
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${KTSTR_MANUAL}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${KTSTR_MANUAL}
    COMMAND $<TARGET_FILE:ktstr> man --all ${KTSTR_MANUAL}/man1
    COMMAND $<TARGET_FILE:ktstr> completion bash > ${KTSTR_MANUAL}/ktstr
    COMMAND $<TARGET_FILE:ktstr> completion zsh > ${KTSTR_MANUAL}/_ktstr
    COMMAND $<TARGET_FILE:ktstr> completion fish > ${KTSTR_MANUAL}/ktstr.fish
    COMMAND ${CMAKE_COMMAND} -E touch ${KTSTR_MANUAL}/made
    DEPENDS ktstr
    COMMENT "Manual pages and completions")
  add_custom_target(ktstr_manual ALL DEPENDS ${KTSTR_MANUAL}/made)
  install(DIRECTORY ${KTSTR_MANUAL}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
  install(FILES ${KTSTR_MANUAL}/ktstr DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${KTSTR_MANUAL}/_ktstr DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${KTSTR_MANUAL}/ktstr.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
