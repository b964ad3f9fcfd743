#include "launch/join_order.hpp"

#include "child/rehearsal_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

namespace linx::launch {
namespace {

using program::DraftStep;
using program::Subject;
using testing::ElementsAre;

class JoinOrder : public testing::Test {
protected:
    /// Opens a namespace file and adds the step that joins it.
    void join(Stage stage, Namespace kind, const std::string& file) {
        const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        ASSERT_GE(fd, 0) << file;
        join(stage, clone_flag(kind), fd);
        files_.emplace_back(fd);
    }
    void join(Stage stage, std::uint64_t flags, int fd) {
        table_.push_back(fd);
        const auto slot = static_cast<child::Slot>(table_.size() - 1);
        steps_.push_back({Phase::prepare,
                          Subject::child,
                          stage,
                          child::Operation{child::JoinNamespaces{slot, static_cast<std::uint32_t>(flags)}},
                          {}});
    }
    void other(Stage stage) {
        steps_.push_back({Phase::prepare, Subject::child, stage, child::Operation{child::MakePrivate{}}, {}});
    }
    std::vector<Stage> ordered() {
        const auto done = put_joins_in_order(steps_, table_);
        EXPECT_TRUE(done) << done.error().message();
        std::vector<Stage> stages;
        for (const DraftStep& step : steps_) {
            stages.push_back(step.stage);
        }
        return stages;
    }

    std::vector<DraftStep> steps_;
    std::vector<int> table_{-1};
    std::vector<Fd> files_;
};

/// A process with a user namespace of its own, which owns its net and ipc namespaces.
class JoinOrderOfAnother : public JoinOrder {
protected:
    void SetUp() override {
        host_.step(child::CloseOthers{});
        host_.step(child::Checkpoint{});
        host_.start(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC);
        if (host_.pid() == -EPERM || host_.pid() == -ENOSPC) {
            GTEST_SKIP() << "user namespaces cannot be made here";
        }
        host_.expect_ready();
    }
    child::Rehearsal host_;
};

TEST_F(JoinOrder, leaves_steps_without_a_user_namespace_alone) {
    other(Stage::setsid);
    join(Stage::setns_uts, Namespace::uts, "/proc/self/ns/uts");
    join(Stage::setns_net, Namespace::net, "/proc/self/ns/net");
    other(Stage::mount);
    EXPECT_THAT(ordered(), ElementsAre(Stage::setsid, Stage::setns_uts, Stage::setns_net, Stage::mount));
}

TEST_F(JoinOrder, leaves_a_user_namespace_alone_alone) {
    join(Stage::setns_user, Namespace::user, "/proc/self/ns/user");
    EXPECT_THAT(ordered(), ElementsAre(Stage::setns_user));
}

TEST_F(JoinOrder, of_nothing_is_nothing) {
    EXPECT_THAT(ordered(), ElementsAre());
}

TEST_F(JoinOrderOfAnother, puts_what_the_user_namespace_owns_behind_it) {
    other(Stage::setsid);
    join(Stage::setns_net, Namespace::net, host_.proc("ns/net"));
    join(Stage::setns_uts, Namespace::uts, "/proc/self/ns/uts");
    join(Stage::setns_ipc, Namespace::ipc, host_.proc("ns/ipc"));
    join(Stage::setns_user, Namespace::user, host_.proc("ns/user"));
    other(Stage::mount);
    EXPECT_THAT(ordered(), ElementsAre(Stage::setsid, Stage::setns_uts, Stage::setns_user, Stage::setns_net,
                                       Stage::setns_ipc, Stage::mount));
}

TEST_F(JoinOrderOfAnother, puts_what_it_does_not_own_before_it) {
    join(Stage::setns_user, Namespace::user, host_.proc("ns/user"));
    join(Stage::setns_uts, Namespace::uts, "/proc/self/ns/uts");
    EXPECT_THAT(ordered(), ElementsAre(Stage::setns_uts, Stage::setns_user));
}

TEST_F(JoinOrderOfAnother, knows_the_namespaces_behind_a_pidfd) {
    join(Stage::setns, CLONE_NEWNET | CLONE_NEWIPC, host_.pidfd());
    join(Stage::setns_uts, Namespace::uts, "/proc/self/ns/uts");
    join(Stage::setns_user, CLONE_NEWUSER, host_.pidfd());
    EXPECT_THAT(ordered(), ElementsAre(Stage::setns_uts, Stage::setns_user, Stage::setns));
}

TEST_F(JoinOrder, says_that_the_user_namespace_cannot_be_looked_at) {
    join(Stage::setns_user, CLONE_NEWUSER, 1 << 20);
    join(Stage::setns_uts, Namespace::uts, "/proc/self/ns/uts");
    const auto done = put_joins_in_order(steps_, table_);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().stage, Stage::setns_user);
    EXPECT_EQ(done.error().errnum, EBADF);
}

}  // namespace
}  // namespace linx::launch
