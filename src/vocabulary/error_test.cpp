#include <linx/error.hpp>

#include <cerrno>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace linx {
namespace {

TEST(Error, names_the_step_the_thing_and_the_reason) {
    const Error error{.stage = Stage::setns_net, .errnum = EPERM, .detail = "/proc/71/ns/net", .hint = {}};
    EXPECT_EQ(error.message(), "join net (/proc/71/ns/net): Operation not permitted");
}

TEST(Error, leaves_the_brackets_out_when_there_is_nothing_to_put_in) {
    const Error error{.stage = Stage::clone3, .errnum = EAGAIN, .detail = {}, .hint = {}};
    EXPECT_EQ(error.message(), "clone the child: Resource temporarily unavailable");
}

TEST(Error, says_the_hint_on_a_second_line) {
    const Error error{
        .stage = Stage::execve, .errnum = EACCES, .detail = "/data/tool", .hint = "mounted noexec"};
    EXPECT_EQ(error.message(), "execute (/data/tool): Permission denied\nmounted noexec");
}

TEST(Error, of_a_spec_lets_the_broken_rule_speak_for_itself) {
    const Error error{
        .stage = Stage::spec, .errnum = EINVAL, .detail = "nice: 20 is not between -20 and 19", .hint = {}};
    EXPECT_EQ(error.message(), "nice: 20 is not between -20 and 19");
}

TEST(Error, of_a_spec_can_have_a_hint_too) {
    const Error error{
        .stage = Stage::spec, .errnum = EINVAL, .detail = "argv: is empty", .hint = "name a program"};
    EXPECT_EQ(error.message(), "argv: is empty\nname a program");
}

TEST(Error, lets_no_name_give_orders_to_a_terminal) {
    const Error error{
        .stage = Stage::chdir, .errnum = ENOENT, .detail = "/\x1b[2J\xc2\x9b/\xff/\xc3\xa4", .hint = "a\nb"};
    EXPECT_EQ(error.message(),
              "change the working directory (/\\x1b[2J\\xc2\\x9b/\\xff/\xc3\xa4): No such file or "
              "directory\na\\x0ab");
}

TEST(Error, has_a_symbol_for_each_errno_that_a_launch_meets) {
    EXPECT_EQ(errno_symbol(EPERM), "EPERM");
    EXPECT_EQ(errno_symbol(ENOENT), "ENOENT");
    EXPECT_EQ(errno_symbol(EAGAIN), "EAGAIN");
    EXPECT_EQ(errno_symbol(ENOSPC), "ENOSPC");
    EXPECT_EQ(errno_symbol(EUSERS), "EUSERS");
    EXPECT_EQ(errno_symbol(ETIMEDOUT), "ETIMEDOUT");
    EXPECT_EQ(errno_symbol(ECANCELED), "ECANCELED");
}

TEST(Error, gives_every_errno_of_the_kernel_a_symbol_of_its_own) {
    std::set<std::string> symbols;
    for (int errnum = 1; errnum <= EHWPOISON; ++errnum) {
        const std::string symbol = errno_symbol(errnum);
        EXPECT_TRUE(symbols.insert(symbol).second) << symbol;
        const bool unused = errnum == 41 || errnum == 58;
        EXPECT_EQ(symbol == "E" + std::to_string(errnum), unused) << symbol;
    }
}

TEST(Error, shows_the_number_of_an_errno_without_a_symbol) {
    EXPECT_EQ(errno_symbol(4095), "E4095");
    EXPECT_EQ(errno_symbol(-1), "E-1");
}

TEST(Error, describes_an_errno_in_the_words_of_the_c_library) {
    EXPECT_EQ(describe_errno(ENOENT), "No such file or directory");
    EXPECT_NE(describe_errno(99999).find("99999"), std::string::npos);
}

}  // namespace
}  // namespace linx
