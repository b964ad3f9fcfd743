/// What linx prints, and what it says when it cannot.
#include "support/linx_command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include <sys/prctl.h>
#include <nlohmann/json.hpp>

namespace {

using support::Ended;
using support::linx_command;
using support::LinxCommand;
using support::Words;

TEST(CliTextAnyUser, version_and_help_are_on_stdout) {
    EXPECT_EQ(linx_command({"--version"}).out.rfind("linx ", 0), 0U);
    for (const Words& words :
         {Words{"--help"}, Words{"-h"}, Words{"help"}, Words{"run", "--help"}, Words{"run", "-h"},
          Words{"help", "run"}, Words{"enter", "--help"}, Words{"plan", "--help"}, Words{"inspect", "--help"},
          Words{"doctor", "--help"}}) {
        const Ended ended = linx_command(words);
        EXPECT_EQ(ended.code(), 0);
        EXPECT_EQ(ended.out.rfind("usage: linx ", 0), 0U) << ended.out;
        EXPECT_EQ(ended.err, "");
    }
}

TEST(CliTextAnyUser, a_wrong_command_line_is_an_error_with_a_reason) {
    for (const Words& words :
         {Words{}, Words{"rn"}, Words{"run"}, Words{"run", "--al", "--", "true"},
          Words{"run", "--uid", "1x", "true"}, Words{"run", "--uid"}, Words{"enter"},
          Words{"enter", "0", "true"}, Words{"inspect"}, Words{"inspect", "4194304"}, Words{"doctor", "x"},
          Words{"completions"}, Words{"completions", "fish"}, Words{"help", "me"}, Words{"--versio"},
          Words{"run", "--join", "blue=/x", "true"}, Words{"run", "--fd", "99", "true"},
          Words{"run", "--hostname", "x", "true"}}) {
        const Ended ended = linx_command(words);
        EXPECT_EQ(ended.code(), 125);
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.err.rfind("linx: ", 0), 0U) << ended.err;
    }
}

TEST(CliTextAnyUser, a_full_disk_is_an_error) {
    for (const Words& words : {Words{"--version"}, Words{"--help"}, Words{"run", "--help"},
                               Words{"plan", "--all", "--", "true"}, Words{"plan", "--json", "--", "true"},
                               Words{"inspect", "self"}, Words{"doctor"}, Words{"completions", "bash"}}) {
        Words shown = words;
        if (shown.size() > 1 && shown[1] == "self") {
            shown[1] = std::to_string(::getpid());
        }
        LinxCommand command{shown, [] { ::dup2(::open("/dev/full", O_WRONLY), 1); }};
        const Ended ended = command.wait();
        EXPECT_EQ(ended.code(), 125) << shown[0];
        EXPECT_EQ(ended.err, "linx: write to stdout: No space left on device\n");
    }
}

TEST(CliTextAnyUser, a_closed_pipe_is_an_error) {
    LinxCommand command{{"plan", "--all", "--", "true"}, [] {
                            ::signal(SIGPIPE, SIG_IGN);
                            int ends[2];
                            if (::pipe(ends) == 0) {
                                ::close(ends[0]);
                                ::dup2(ends[1], 1);
                            }
                        }};
    EXPECT_EQ(command.wait().code(), 125);
}

TEST(CliTextAnyUser, plan_shows_the_steps_by_phase) {
    const Ended ended = linx_command({"plan", "--all", "--", "sh"});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    std::size_t last = 0;
    for (const char* phase :
         {"clone\n", "\nbirth\n", "\nmap\n", "\nprepare\n", "\ncheckpoint\n", "\nseal\n", "\nexec\n"}) {
        const std::size_t at = ended.out.find(phase);
        ASSERT_NE(at, std::string::npos) << phase;
        EXPECT_GE(at, last);
        last = at;
    }
    EXPECT_NE(ended.out.find("  child        execute (sh)\n"), std::string::npos) << ended.out;
}

TEST(CliTextAnyUser, plan_runs_nothing) {
    EXPECT_EQ(linx_command({"plan", "--stdout", "/nonexistent/x", "--", "/nonexistent"}).code(), 0);
}

TEST(CliTextAnyUser, plan_as_json_is_an_array_of_steps) {
    const auto json = nlohmann::json::parse(linx_command({"plan", "--json", "--user", "--", "sh"}).out);
    ASSERT_TRUE(json.is_array());
    ASSERT_FALSE(json.empty());
    for (const auto& step : json) {
        for (const char* key : {"phase", "actor", "stage", "detail", "words"}) {
            EXPECT_TRUE(step.at(key).is_string()) << key;
        }
    }
    EXPECT_EQ(json.back().at("stage"), "execve");
}

TEST(CliTextAnyUser, json_survives_bytes_that_are_no_text) {
    const Ended ended = linx_command({"plan", "--json", "--", "\xff\xfe\x1b"});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    EXPECT_FALSE(nlohmann::json::parse(ended.out).empty());
}

TEST(CliTextAnyUser, inspect_as_json_has_the_namespaces) {
    const auto json =
        nlohmann::json::parse(linx_command({"inspect", "--json", std::to_string(::getpid())}).out);
    EXPECT_EQ(json.at("pid"), ::getpid());
    EXPECT_EQ(json.at("namespaces").size(), 8U);
    EXPECT_EQ(json.at("namespaces").at("net").at("differs"), false);
    EXPECT_EQ(json.at("uid").at("effective"), ::geteuid());
}

TEST(CliTextAnyUser, inspect_says_on_each_line_what_it_may_not_see) {
    const Ended ended = linx_command({"inspect", "1"});
    EXPECT_EQ(ended.code(), 0) << ended.err;
    EXPECT_NE(ended.out.find("capabilities\n"), std::string::npos);
    if (::geteuid() != 0) {
        EXPECT_NE(ended.out.find("  net             not allowed: "), std::string::npos) << ended.out;
    }
}

TEST(CliTextAnyUser, doctor_can_run_here_and_gives_reasons) {
    const Ended ended = linx_command({"doctor"});
    EXPECT_EQ(ended.code(), 0) << ended.out;
    for (const char* topic : {"kernel\n", "\nuser\n", "\nnamespaces\n", "\ncgroups\n"}) {
        EXPECT_NE(ended.out.find(topic), std::string::npos) << topic;
    }
    const auto json = nlohmann::json::parse(linx_command({"doctor", "--json"}).out);
    for (const auto& finding : json) {
        EXPECT_FALSE(finding.at("reason").get<std::string>().empty()) << finding;
    }
}

TEST(CliTextAnyUser, doctor_names_what_forbids_user_namespaces) {
    // In a user namespace whose own limit is 0, none can be made below it.
    const Ended ended =
        linx_command({"run", "--user", "--", "sh", "-c",
                      "echo 0 >/proc/sys/user/max_user_namespaces && exec " LINX_COMMAND " doctor"});
    EXPECT_NE(ended.out.find("user.max_user_namespaces"), std::string::npos) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("no       user "), std::string::npos) << ended.out;
}

/// The test's own name, as any process may give itself one; put back at the end.
class OwnName {
public:
    explicit OwnName(const char* name) {
        ::prctl(PR_GET_NAME, before_.data());
        ::prctl(PR_SET_NAME, name);
    }
    OwnName(const OwnName&) = delete;
    OwnName& operator=(const OwnName&) = delete;
    ~OwnName() { ::prctl(PR_SET_NAME, before_.data()); }

private:
    std::array<char, 16> before_{};
};

TEST(CliTextAnyUser, doctor_without_proc_says_so_and_guesses_nothing) {
    const auto json =
        nlohmann::json::parse(linx_command({"run", "--user", "--mount", "--mount-fs", "tmpfs:/proc", "--",
                                            LINX_COMMAND, "doctor", "--json"})
                                  .out);
    for (const auto& finding : json) {
        const std::string name = finding.at("name");
        const std::string reason = finding.at("reason");
        const bool is_read_there = name == "user.max_*_namespaces" || name == "users' user namespaces" ||
                                   name == "AppArmor restriction" || name == "layout";
        EXPECT_EQ(
            finding.at("verdict") == "note" && reason.starts_with("unknown: no proc filesystem is mounted"),
            is_read_there)
            << finding;
        if (name == "/proc") {
            EXPECT_EQ(finding.at("verdict"), "no");
            EXPECT_TRUE(reason.starts_with("no proc filesystem is mounted on /proc")) << reason;
        }
        if (name == "version") {
            EXPECT_EQ(finding.at("verdict"), "yes") << reason;
        }
    }
    EXPECT_NE(std::ranges::count(json, "/proc", [](const auto& finding) { return finding.at("name"); }), 0);
}

TEST(CliTextAnyUser, inspect_without_proc_does_not_say_that_there_is_no_such_process) {
    const Ended ended = linx_command(
        {"run", "--user", "--mount", "--mount-fs", "tmpfs:/proc", "--", LINX_COMMAND, "inspect", "1"});
    EXPECT_NE(ended.err.find("no proc filesystem is mounted on /proc"), std::string::npos) << ended.err;
    // The leak checker of a sanitized build needs /proc itself, says so after linx has spoken, and exits
    // with 1.
    const bool is_sanitized =
        ended.err.find("LeakSanitizer has encountered a fatal error") != std::string::npos;
    EXPECT_EQ(ended.code(), is_sanitized ? 1 : 125);
}

TEST(CliTextAnyUser, inspect_shows_no_name_raw) {
    const OwnName name{"\x1b[\xc2\x9b.\xff.\xc3\xa4"};
    const std::string me = std::to_string(::getpid());
    const Ended ended = linx_command({"inspect", me});
    EXPECT_EQ(ended.out.substr(0, ended.out.find('\n')),
              "process " + me + " (\\x1b[\\xc2\\x9b.\\xff.\xc3\xa4)");
    const std::string json = linx_command({"inspect", "--json", me}).out;
    EXPECT_EQ(json.find("\xc2\x9b"), std::string::npos) << json;
    EXPECT_EQ(nlohmann::json::parse(json).at("name"), "\x1b[\xc2\x9b.\xef\xbf\xbd.\xc3\xa4");
}

TEST(CliTextAnyUser, plan_shows_no_name_raw) {
    const Ended ended = linx_command({"plan", "--", "\xc2\x9b\x1b\xc3\xa4"});
    EXPECT_NE(ended.out.find("execute (\\xc2\\x9b\\x1b\xc3\xa4)\n"), std::string::npos) << ended.out;
}

TEST(CliTextAnyUser, nothing_of_a_name_reaches_the_terminal_raw) {
    const Ended ended = linx_command({"run", "--uid", "\x1b[2J", "true"});
    EXPECT_EQ(ended.err.find('\x1b'), std::string::npos);
}

TEST(CliBinary, has_no_stream_set_up_before_main) {
    FILE* const nm = ::popen("nm -C " LINX_COMMAND " 2>&1", "r");
    ASSERT_NE(nm, nullptr);
    std::string symbols;
    std::array<char, 65536> buffer;
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), nm)) > 0;) {
        symbols.append(buffer.data(), got);
    }
    ASSERT_EQ(::pclose(nm), 0) << symbols;
    EXPECT_EQ(symbols.find("ios_base::Init"), std::string::npos);
}

}  // namespace
