/// Why a step failed and what to do about it, where that can be found out.
#pragma once

#include "child/record.hpp"

#include <linx/error.hpp>
#include <linx/namespaces.hpp>

namespace linx::launch {

/// What is known about the launch whose step failed.
struct Failure {
    Namespaces fresh;
    bool caller_is_root = false;
    pid_t child = -1;
};

/// Fills in the hint of an error from the kernel's settings as they are now.
void find_cause(Error& error, const Failure& failure);

/// Fills in what the child itself saw.
void add_childs_word(Error& error, const child::Record& record);

}  // namespace linx::launch
