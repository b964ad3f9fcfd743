# What `make install` puts where: the library and its headers as a CMake package (find_package(linx),
# linx::process), and the papers. cli/CMakeLists.txt installs the command, its man pages and completions.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

option(LINX_INSTALL "Install linx with this project" ${PROJECT_IS_TOP_LEVEL})
if(NOT LINX_INSTALL)
  return()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/linx)
install(TARGETS linx_library EXPORT linx-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/linx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT linx-targets FILE linx-targets.cmake NAMESPACE linx:: DESTINATION ${package_dir})
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/linx-config.cmake.in ${PROJECT_BINARY_DIR}/linx-config.cmake
  INSTALL_DESTINATION ${package_dir})
# Until 1.0 a minor version may break its users.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/linx-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/linx-config.cmake ${PROJECT_BINARY_DIR}/linx-config-version.cmake
        DESTINATION ${package_dir})

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
