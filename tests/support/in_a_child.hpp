/// A part of a test in a process of its own, which may change what a process has only one of: its mounts,
/// limits, ids, signals.
#pragma once

#include "support/deadline.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// Runs the body in a fork. Its EXPECTs and ASSERTs count as the test's.
template <class Body>
void in_a_child(Body&& body) {
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        body();
        std::fflush(nullptr);
        ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    const linx::Fd pidfd = pidfd_of(pid);
    const bool ended = readable_in_time(pidfd.ref());
    if (!ended) {
        ::kill(pid, SIGKILL);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(ended) << "the part of the test in a child did not end in time";
    EXPECT_EQ(status, 0) << "the part of the test in a child failed, see above";
}

}  // namespace support
