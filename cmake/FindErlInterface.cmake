# Finds ei, Erlang's library for the external term format, and defines ErlInterface::ei.
#
#   ERL_EI_INCLUDE_DIR, ERL_EI_LIBDIR   where it is; the variables of the environment with these names do as well.
#                                       Else the `erl` of PATH is asked.
foreach(variable ERL_EI_INCLUDE_DIR ERL_EI_LIBDIR)
  if(NOT ${variable} AND DEFINED ENV{${variable}})
    set(${variable} "$ENV{${variable}}")
  endif()
endforeach()

if(NOT ERL_EI_INCLUDE_DIR OR NOT ERL_EI_LIBDIR)
  find_program(ERL_EXECUTABLE erl)
  if(ERL_EXECUTABLE)
    execute_process(
      COMMAND ${ERL_EXECUTABLE} -noshell -eval
              "case code:lib_dir(erl_interface) of D when is_list(D) -> io:put_chars(D); _ -> ok end, halt(0)."
      OUTPUT_VARIABLE erl_interface_dir ERROR_QUIET)
    if(erl_interface_dir)
      set(ERL_EI_INCLUDE_DIR "${erl_interface_dir}/include")
      set(ERL_EI_LIBDIR "${erl_interface_dir}/lib")
    endif()
  endif()
endif()

# Only what was named above: a cross compiler's root has its own rules for find_path and find_library.
if(ERL_EI_INCLUDE_DIR AND EXISTS "${ERL_EI_INCLUDE_DIR}/ei.h")
  set(ErlInterface_header "${ERL_EI_INCLUDE_DIR}/ei.h")
endif()
if(ERL_EI_LIBDIR AND EXISTS "${ERL_EI_LIBDIR}/libei.a")
  set(ErlInterface_library "${ERL_EI_LIBDIR}/libei.a")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ErlInterface
  REQUIRED_VARS ErlInterface_library ErlInterface_header
  REASON_FAILURE_MESSAGE "ei was not found (Debian: apt install erlang-dev), else set ERL_EI_INCLUDE_DIR and ERL_EI_LIBDIR")

if(ErlInterface_FOUND AND NOT TARGET ErlInterface::ei)
  find_package(Threads REQUIRED)
  add_library(ErlInterface::ei STATIC IMPORTED)
  set_target_properties(ErlInterface::ei PROPERTIES
    IMPORTED_LOCATION "${ErlInterface_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${ERL_EI_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
