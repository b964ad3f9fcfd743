#include "launch/cause.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

namespace linx::launch {
namespace {

std::string hint(Stage stage, int errnum, const Failure& failure = {}) {
    Error error{.stage = stage, .errnum = errnum};
    find_cause(error, failure);
    return error.hint;
}

child::Record saying(child::Cause cause, const std::string& text = {}) {
    child::Record record;
    record.tell = child::Tell::failed;
    record.cause = cause;
    record.text_length = static_cast<std::uint32_t>(text.size());
    std::memcpy(record.text, text.data(), std::min(text.size(), sizeof(record.text)));
    return record;
}

std::string childs_word(const child::Record& record) {
    Error error{.stage = Stage::execve, .errnum = ENOENT};
    add_childs_word(error, record);
    return error.hint;
}

struct Known {
    Stage stage;
    int errnum;
    const char* part;
};

TEST(Cause, is_known_for_the_usual_failures) {
    constexpr std::array known{
        Known{Stage::clone3, EPERM, "add `user`"},
        Known{Stage::clone3, EAGAIN, "RLIMIT_NPROC"},
        Known{Stage::clone3, ENOSPC, "max_"},
        Known{Stage::clone3, EUSERS, "32 levels"},
        Known{Stage::clone3, EMFILE, "RLIMIT_NOFILE"},
        Known{Stage::clone3, EACCES, "cgroup.procs"},
        Known{Stage::clone3, EBUSY, "cgroup"},
        Known{Stage::clone3, ENOSYS, "clone3"},
        Known{Stage::clone_intermediate, EAGAIN, "limit of processes"},
        Known{Stage::clone_workload, EPERM, "CAP_SYS_ADMIN"},
        Known{Stage::unshare, EPERM, "CAP_SYS_ADMIN"},
        Known{Stage::uid_map, EINVAL, "ranges must not overlap"},
        Known{Stage::newuidmap, ENOENT, "package uidmap"},
        Known{Stage::newuidmap, EPERM, "/etc/subuid"},
        Known{Stage::newgidmap, EPERM, "/etc/subgid"},
        Known{Stage::timens_offsets, ERANGE, "below zero"},
        Known{Stage::timens_offsets, ENOENT, "CONFIG_TIME_NS"},
        Known{Stage::setpriority, EACCES, "CAP_SYS_NICE"},
        Known{Stage::prlimit, EPERM, "CAP_SYS_RESOURCE"},
        Known{Stage::setrlimit, EPERM, "CAP_SYS_RESOURCE"},
        Known{Stage::setns, EPERM, "CAP_SYS_ADMIN"},
        Known{Stage::setns_net, EPERM, "CAP_SYS_ADMIN"},
        Known{Stage::setns_time, ESRCH, "has ended"},
        Known{Stage::setns_user, EINVAL, "5.8"},
        Known{Stage::mount, ENODEV, "does not know that filesystem"},
        Known{Stage::setgroups, EPERM, "CAP_SETGID"},
        Known{Stage::setresuid, EINVAL, "no place in the map"},
        Known{Stage::execve, ENOEXEC, "another architecture"},
        Known{Stage::execve, E2BIG, "stack limit"},
        Known{Stage::execve, ETXTBSY, "open for writing"},
        Known{Stage::execve, EAGAIN, "RLIMIT_NPROC"},
        Known{Stage::pidfd_open, ENOSYS, "kernel"},
    };
    for (const Known& one : known) {
        EXPECT_NE(hint(one.stage, one.errnum).find(one.part), std::string::npos)
            << name(one.stage) << " " << errno_symbol(one.errnum) << ": " << hint(one.stage, one.errnum);
    }
}

TEST(Cause, of_a_forbidden_user_namespace_does_not_advise_to_add_one) {
    const std::string text = hint(Stage::clone3, EPERM, {.fresh = {Namespace::user}});
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find("add `user`"), std::string::npos) << text;
}

TEST(Cause, of_a_refused_map_depends_on_who_writes_it) {
    const std::string root = hint(Stage::uid_map, EPERM, {.fresh = {}, .caller_is_root = true});
    EXPECT_NE(root.find("CAP_SETUID"), std::string::npos) << root;
    const std::string user = hint(Stage::uid_map, EPERM);
    EXPECT_EQ(user.find("CAP_SETUID"), std::string::npos) << user;
}

TEST(Cause, of_a_time_namespace_that_the_kernel_refuses_is_the_kernel) {
    EXPECT_NE(hint(Stage::clone3, EINVAL, {.fresh = {Namespace::time}}).find("CONFIG_TIME_NS"),
              std::string::npos);
    EXPECT_EQ(hint(Stage::clone3, EINVAL), "");
}

TEST(Cause, is_left_open_where_nobody_knows_it) {
    EXPECT_EQ(hint(Stage::chdir, ENOENT), "");
    EXPECT_EQ(hint(Stage::execve, ENOENT), "");
    EXPECT_EQ(hint(Stage::clone3, EIO), "");
}

TEST(Cause, leaves_a_hint_alone_that_is_there_already) {
    Error error{.stage = Stage::clone3, .errnum = EPERM, .hint = "seen"};
    find_cause(error, {});
    EXPECT_EQ(error.hint, "seen");
}

TEST(Cause, is_always_one_line) {
    for (auto stage = 0; stage <= static_cast<int>(Stage::wait); ++stage) {
        for (int errnum = 1; errnum < 134; ++errnum) {
            for (const bool root : {false, true}) {
                const std::string text = hint(static_cast<Stage>(stage), errnum,
                                              {.fresh = Namespaces::all(), .caller_is_root = root});
                EXPECT_EQ(text.find('\n'), std::string::npos) << text;
                EXPECT_EQ(text.find("  "), std::string::npos) << text;
                EXPECT_FALSE(text.ends_with('.') || text.ends_with(' ')) << text;
            }
        }
    }
}

TEST(ChildsWord, names_the_interpreter_that_is_missing) {
    EXPECT_EQ(childs_word(saying(child::Cause::missing_interpreter, "#!/no/such -x")),
              "the script is there, its interpreter is not: /no/such -x");
    EXPECT_EQ(childs_word(saying(child::Cause::missing_interpreter)),
              "the file is there, the dynamic linker that it names is not");
}

TEST(ChildsWord, says_what_is_wrong_with_the_file) {
    EXPECT_EQ(childs_word(saying(child::Cause::noexec_mount)),
              "it lies on a filesystem that is mounted noexec");
    EXPECT_EQ(childs_word(saying(child::Cause::not_regular)),
              "it is a directory, or something else that is no regular file");
    EXPECT_EQ(childs_word(saying(child::Cause::not_executable)),
              "the workload's user has no execute permission");
    EXPECT_EQ(childs_word(saying(child::Cause::unknown)), "");
}

TEST(ChildsWord, passes_the_kernels_words_about_a_mount_on) {
    EXPECT_EQ(childs_word(saying(child::Cause::filesystem_says, "e tmpfs: Bad value for 'size'\n")),
              "the kernel says: tmpfs: Bad value for 'size'");
    EXPECT_EQ(childs_word(saying(child::Cause::filesystem_says, "e")), "the kernel says: e");
}

/// The text comes out of a file of the workload's: it must not reach a terminal as it is.
TEST(ChildsWord, lets_no_control_character_through) {
    const std::string text =
        childs_word(saying(child::Cause::missing_interpreter, "#!/a\x1b[2J\x07\xc3\xa4\tb\x7f"));
    EXPECT_EQ(text, "the script is there, its interpreter is not: /a?[2J????b");
}

TEST(ChildsWord, reads_no_further_than_the_record) {
    child::Record record = saying(child::Cause::missing_interpreter, "#!" + std::string(222, 'x'));
    record.text_length = 0xffffffff;
    EXPECT_EQ(childs_word(record), "the script is there, its interpreter is not: " + std::string(222, 'x'));
}

TEST(ChildsWord, leaves_a_hint_alone_when_the_child_knows_nothing) {
    Error error{.stage = Stage::execve, .errnum = ENOENT, .hint = "seen"};
    add_childs_word(error, saying(child::Cause::unknown));
    EXPECT_EQ(error.hint, "seen");
}

}  // namespace
}  // namespace linx::launch
