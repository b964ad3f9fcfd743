/// What a workload of the agent is born with, as the kernel and the workload itself see it: descriptors,
/// streams, signals, limits; and what nobody may see of the agent.
#include "support/agent.hpp"
#include "support/stranger.hpp"

#include <algorithm>
#include <fstream>

#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace support {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Workload : public AgentOf {
protected:
    /// What `reports` says, through the stdout that it inherits.
    Report report(const etf::Pairs& keys = {}, const std::vector<std::string>& words = {}) {
        std::vector<std::string> argv{workload("reports")};
        argv.insert(argv.end(), words.begin(), words.end());
        etf::Pairs all = keys;
        all.push_back(does_not_stop());
        agent().spawn(1, argv, all);
        EXPECT_EQ(agent().end_of(1), "exited 0");
        Report said(agent().output_up_to("end=1\n"));
        EXPECT_TRUE(said.is_complete());
        return said;
    }
    /// How a launch of `returns` with these streams ends.
    std::string end_with(const std::pair<std::string, Bytes>& streams) {
        agent().spawn(1, {workload("returns")}, {streams, does_not_stop()});
        return agent().end_of(1);
    }
};

Bytes file(const std::string& path, const std::vector<std::string>& modes = {}) {
    std::vector<Bytes> atoms;
    for (const std::string& mode : modes) {
        atoms.push_back(etf::atom(mode));
    }
    return etf::tuple({etf::atom("file"), etf::binary(path), etf::list(atoms)});
}
Bytes connect_unix(const std::string& path) {
    return etf::tuple({etf::atom("connect_unix"), etf::binary(path)});
}

/// KiB of brk memory that a process has mapped.
long heap_kib(pid_t pid) {
    long kib = 0;
    std::ifstream maps(proc_path(pid, "maps"));
    for (std::string line; std::getline(maps, line);) {
        if (line.ends_with("[heap]")) {
            const std::size_t dash = line.find('-');
            kib += static_cast<long>(std::stoul(line.substr(dash + 1), nullptr, 16) -
                                     std::stoul(line, nullptr, 16)) /
                   1024;
        }
    }
    return kib;
}

// --- memory --------------------------------------------------------------------------------------

/// It holds the environments of other sessions. What was there before the agent's first line, a reserve of
/// the C++ library's most of all, is in the child too. (A sanitizer's heap is none of brk's.)
TEST_F(Workload, at_its_checkpoint_does_not_have_the_agents_heap) {
    agent().spawn(1, {workload("stays")}, {silent()});
    const pid_t child = agent().ready(1);
    constexpr long before_main_kib = 96;
    EXPECT_LE(heap_kib(child), before_main_kib);
    EXPECT_LE(heap_kib(child), heap_kib(agent().pid()));
    agent().send(1, etf::atom("abort"));
    EXPECT_EQ(agent().end_of(1), "aborted");
}

// --- descriptors and signals ---------------------------------------------------------------------

TEST_F(Workload, has_stdin_stdout_and_stderr_and_no_other_descriptor) {
    const Report said = report();
    EXPECT_EQ(said["fds"], "3");
    EXPECT_EQ(said["fd.0"], "/dev/null");
    EXPECT_EQ(said["fd.1"], link_target(proc_path(agent().pid(), "fd/1")));
    EXPECT_EQ(said["fd.2"], link_target(proc_path(agent().pid(), "fd/2")));
}

TEST_F(Workload, has_no_descriptor_that_the_vm_has_left_open) {
    start_anew({.before_exec = [] {
        const int any = ::open("/dev/zero", O_RDONLY);
        ::dup2(any, 50);
        ::dup2(any, 700);
    }});
    EXPECT_EQ(agent().ping(), "reply ok");
    // Nor does the agent keep it.
    EXPECT_EQ(link_target(proc_path(agent().pid(), "fd/50")), "");
    EXPECT_EQ(report()["fds"], "3");
}

TEST_F(Workload, has_no_descriptor_of_another_session) {
    for (int id = 2; id < 30; ++id) {
        agent().spawn(id, {workload("stays")}, {silent()});
    }
    EXPECT_EQ(report()["fds"], "3");
    for (int id = 2; id < 30; ++id) {
        agent().send(id, etf::atom("abort"));
        EXPECT_EQ(agent().end_of(id), "aborted");
    }
}

TEST_F(Workload, has_none_of_the_agents_descriptors_where_the_vm_has_no_stdio) {
    start_anew({.before_exec = [] {
        ::close(0);
        ::close(2);
    }});
    const Report said = report({stdio({{"stdin", etf::atom("inherit")}})});
    EXPECT_EQ(said["fds"], "1");
    EXPECT_EQ(said["fd.1"], link_target(proc_path(agent().pid(), "fd/1")));
}

TEST_F(Workload, has_default_dispositions_and_an_empty_mask_although_the_vm_has_not) {
    start_anew({.before_exec = [] {
        for (const int number : {SIGPIPE, SIGFPE, SIGCHLD, SIGTERM, SIGINT, 40}) {
            std::signal(number, SIG_IGN);
        }
        sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
    }});
    const Report said = report();
    EXPECT_EQ(said["sigign"], "");
    EXPECT_EQ(said["sigblk"], "0");
}

TEST_F(Workload, leads_a_session_of_its_own) {
    const Report said = report();
    EXPECT_EQ(said["sid"], said["pid"]);
    EXPECT_EQ(said["pgid"], said["pid"]);
    EXPECT_EQ(said["ppid"], std::to_string(agent().pid()));
}

TEST_F(Workload, dies_with_the_agent_unless_it_is_to_be_kept) {
    EXPECT_EQ(report()["pdeathsig"], "9");
    EXPECT_EQ(report({kill_after(600'000)})["pdeathsig"], "9");
    EXPECT_EQ(report({keep()})["pdeathsig"], "0");
}

TEST_F(Workload, has_the_file_limit_that_the_vm_was_started_with) {
    constexpr rlimit few{.rlim_cur = 200, .rlim_max = 4000};
    start_anew({.before_exec = [few] { ::setrlimit(RLIMIT_NOFILE, &few); }});
    EXPECT_EQ(agent().ping(), "reply ok");
    rlimit of_agent{};
    ASSERT_EQ(::prlimit(agent().pid(), RLIMIT_NOFILE, nullptr, &of_agent), 0);
    EXPECT_EQ(of_agent.rlim_cur, 4000U) << "the agent has use for more";
    EXPECT_EQ(report()["rlimit.nofile"], "200 4000");
    const Bytes limit = etf::tuple({etf::atom("nofile"), etf::integer(100), etf::integer(150)});
    EXPECT_EQ(report({{"rlimits", etf::list({limit})}})["rlimit.nofile"], "100 150");
}

TEST_F(Workload, is_what_its_spec_says_in_every_respect) {
    const Report said = report({{"arg0", etf::binary("other")},
                                {"cwd", etf::charlist("/usr")},
                                {"umask", etf::integer(027)},
                                {"env", etf::list({etf::tuple({etf::binary("A"), etf::binary("größe")})})},
                                {"uid", etf::integer(1234)},
                                {"gid", etf::integer(2345)},
                                {"groups", etf::charlist("\x07\x08")},
                                {"no_new_privs", etf::atom("true")},
                                {"nice", etf::integer(5)},
                                {"hostname", etf::binary("box")},
                                namespaces({"uts", "net", "ipc"})},
                               {"a b", ""});
    EXPECT_EQ(said["argv.0"], "other");
    EXPECT_EQ(said["argv.1"], "a b");
    EXPECT_EQ(said["argc"], "3");
    EXPECT_EQ(said["cwd"], "/usr");
    EXPECT_EQ(said["umask"], "27");
    EXPECT_THAT(said.all("env"), ElementsAre("A=größe"));
    EXPECT_EQ(said["uid"], "1234 1234 1234");
    EXPECT_EQ(said["gid"], "2345 2345 2345");
    EXPECT_EQ(said["groups"], "7,8");
    EXPECT_EQ(said["no_new_privs"], "1");
    EXPECT_EQ(said["nice"], "5");
    EXPECT_EQ(said["hostname"], "box");
    EXPECT_EQ(said["lo"], "up");
    EXPECT_NE(said.namespace_of(linx::Namespace::net), namespace_of(::getpid(), linx::Namespace::net));
    EXPECT_EQ(said.namespace_of(linx::Namespace::mount), namespace_of(agent().pid(), linx::Namespace::mount));
}

TEST_F(Workload, has_the_agents_environment_unless_another_is_given) {
    start_anew({.before_exec = [] { ::setenv("LINX_TEST_MARK", "here", 1); }});
    EXPECT_THAT(report().all("env"), testing::Contains("LINX_TEST_MARK=here"));
    EXPECT_THAT(report({{"env", etf::nil()}}).all("env"), IsEmpty());
}

// --- streams -------------------------------------------------------------------------------------

class Streams : public Workload {
protected:
    /// What `reports` writes into a file.
    Report report_in(const std::string& path, const std::pair<std::string, Bytes>& streams,
                     const std::vector<std::string>& words = {}) {
        std::vector<std::string> argv{workload("reports")};
        argv.insert(argv.end(), words.begin(), words.end());
        agent().spawn(1, argv, {streams, does_not_stop()});
        EXPECT_EQ(agent().end_of(1), "exited 0");
        return Report(contents(path));
    }
    TemporaryDirectory place_;
};

TEST_F(Streams, lead_to_files) {
    const std::string in = place_ / "in";
    const std::string out = place_ / "out";
    ASSERT_TRUE(put_contents(in, "hello\n"));
    ASSERT_TRUE(put_contents(out, "what was there before"));
    const Report said =
        report_in(out, stdio({{"stdin", file(in)}, {"stdout", file(out)}, {"stderr", file(place_ / "err")}}),
                  {"stdin"});
    EXPECT_TRUE(said.is_complete());
    EXPECT_THAT(said.text(), StartsWith("uid=")) << "what was there before is gone";
    EXPECT_EQ(said["stdin"], "hello|");
    EXPECT_EQ(said["fd.0"], in);
    EXPECT_EQ(said["fd.1"], out);
    EXPECT_EQ(said["fd.2"], place_ / "err");
    EXPECT_EQ(said["fds"], "3");
}

TEST_F(Streams, append_to_files) {
    const std::string out = place_ / "out";
    ASSERT_TRUE(put_contents(out, "before=1\n"));
    const Report said = report_in(out, stdio({{"stdout", file(out, {"append"})}}));
    EXPECT_EQ(said["before"], "1");
    EXPECT_TRUE(said.is_complete());
}

TEST_F(Streams, lead_to_new_files_alone_where_that_is_asked_for) {
    const std::string out = place_ / "out";
    EXPECT_EQ(end_with(stdio({{"stdout", file(out, {"write", "exclusive"})}})), "exited 0");
    EXPECT_EQ(end_with(stdio({{"stdout", file(out, {"write", "exclusive"})}})),
              "error 17 open_stdout: " + out);
}

TEST_F(Streams, that_cannot_be_opened_are_named) {
    EXPECT_EQ(end_with(stdio({{"stdin", file("/no/such/file")}})), "error 2 open_stdin: /no/such/file");
    EXPECT_EQ(end_with(stdio({{"stderr", file("/proc/self")}})), "error 21 open_stderr: /proc/self");
    EXPECT_TRUE(agent().children().empty()) << "nothing was created";
}

/// Nobody writes to it yet: open(2) waits, and the agent does not.
TEST_F(Streams, that_take_long_to_open_make_nobody_wait) {
    const std::string fifo = place_ / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    agent().spawn(2, {workload("reports"), "stdin"}, {stdio({{"stdin", file(fifo)}}), does_not_stop()});
    EXPECT_EQ(end_with(silent()), "exited 0");
    EXPECT_EQ(agent().ping(), "reply ok");
    agent().spawn(3, {workload("stays")}, {stdio({{"stdin", file(fifo)}})});
    EXPECT_EQ(agent().kill(3, 600'000), "reply ok");
    EXPECT_EQ(agent().end_of(3), "aborted");
    const linx::Fd writer{::open(fifo.c_str(), O_WRONLY | O_CLOEXEC)};
    EXPECT_TRUE(write_all(writer.ref(), "late"));
    EXPECT_EQ(agent().end_of(2), "exited 0");
    EXPECT_EQ(Report(agent().output_up_to("end=1\n"))["stdin"], "late");
}

TEST_F(Streams, are_the_same_for_stderr_as_for_stdout) {
    const std::string out = place_ / "out";
    const Report said = report_in(out, stdio({{"stdout", file(out)}, {"stderr", etf::atom("stdout")}}));
    EXPECT_EQ(said["fd.1"], out);
    EXPECT_EQ(said["fd.2"], out);
}

TEST_F(Streams, lead_nowhere) {
    const std::string out = place_ / "out";
    const Report said = report_in(
        out,
        stdio({{"stdin", etf::atom("devnull")}, {"stdout", file(out)}, {"stderr", etf::atom("devnull")}}),
        {"stdin"});
    EXPECT_EQ(said["fd.0"], "/dev/null");
    EXPECT_EQ(said["fd.2"], "/dev/null");
    EXPECT_EQ(said["stdin"], "");
}

TEST_F(Streams, are_inherited_from_the_vm) {
    const Report said = report({stdio({{"stdin", etf::atom("inherit")}})});
    EXPECT_EQ(said["fd.0"], link_target(proc_path(agent().pid(), "fd/0")));
}

/// Listens at a path.
class Listener {
public:
    explicit Listener(const std::string& path, int backlog = 8)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(socket_.ref().number(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(socket_.ref().number(), backlog), 0);
    }
    [[nodiscard]] linx::Fd accept() const {
        EXPECT_TRUE(readable_in_time(socket_.ref()));
        return linx::Fd{::accept4(socket_.ref().number(), nullptr, nullptr, SOCK_CLOEXEC)};
    }

private:
    linx::Fd socket_;
};

TEST_F(Streams, lead_to_unix_sockets) {
    const Listener in(place_ / "in");
    const Listener out(place_ / "out");
    agent().spawn(1, {workload("reports"), "stdin"},
                  {stdio({{"stdin", connect_unix(place_ / "in")}, {"stdout", connect_unix(place_ / "out")}}),
                   does_not_stop()});
    const linx::Fd stdin_end = in.accept();
    const linx::Fd stdout_end = out.accept();
    EXPECT_TRUE(write_all(stdin_end.ref(), "over a socket"));
    const Report said(read_to_end(stdout_end.ref()));
    EXPECT_EQ(said["stdin"], "over a socket");
    EXPECT_EQ(said["fds"], "3");
    EXPECT_EQ(agent().end_of(1), "exited 0");
}

/// The path is the host's, whatever the workload can see.
TEST_F(Streams, lead_to_unix_sockets_of_the_host) {
    const Listener out(place_ / "out");
    const Bytes tmpfs = etf::tuple({etf::binary("tmpfs"), etf::binary(place_.path()), etf::nil()});
    agent().spawn(1, {workload("reports"), "sees=" + place_ / "out"},
                  {stdio({{"stdout", connect_unix(place_ / "out")}}),
                   namespaces({"mount", "net"}),
                   {"mounts", etf::list({tmpfs})},
                   does_not_stop()});
    const linx::Fd stdout_end = out.accept();
    const Report said(read_to_end(stdout_end.ref()));
    EXPECT_EQ(said["sees"], place_ / "out" + "=no");
    EXPECT_EQ(agent().end_of(1), "exited 0");
}

TEST_F(Streams, that_cannot_be_connected_are_named) {
    const std::string nobody = place_ / "nobody";
    EXPECT_EQ(end_with(stdio({{"stdin", connect_unix(nobody)}})), "error 2 connect_stdin: " + nobody);
    {
        const Listener gone(nobody);
    }
    EXPECT_EQ(end_with(stdio({{"stdout", connect_unix(nobody)}})), "error 111 connect_stdout: " + nobody);
    ASSERT_TRUE(put_contents(place_ / "file", ""));
    EXPECT_EQ(end_with(stdio({{"stderr", connect_unix(place_ / "file")}})),
              "error 111 connect_stderr: " + place_ / "file");
    const std::string longest = "/" + std::string(107, 'x');
    EXPECT_THAT(end_with(stdio({{"stdin", connect_unix(longest)}})), HasSubstr("at most 107 bytes"));
    EXPECT_THAT(end_with(stdio({{"stdin", connect_unix("")}})), HasSubstr("the path must not be empty"));
    EXPECT_TRUE(agent().children().empty());
}

/// A full backlog makes connect(2) wait, and the agent does not.
TEST_F(Streams, that_take_long_to_connect_make_nobody_wait) {
    const Listener busy(place_ / "busy", 0);
    const auto connected = stdio({{"stdout", connect_unix(place_ / "busy")}});
    for (int id = 2; id <= 5; ++id) {
        agent().spawn(id, {workload("stays")}, {connected});
    }
    EXPECT_EQ(end_with(silent()), "exited 0");
    EXPECT_EQ(agent().abort(5), "reply ok");
    EXPECT_EQ(agent().end_of(5), "aborted");
    for (int id = 2; id <= 4; ++id) {
        EXPECT_TRUE(busy.accept().is_open()) << "in whatever order they come";
    }
    for (int id = 2; id <= 4; ++id) {
        agent().ready(id);
        EXPECT_EQ(agent().abort(id), "reply ok");
        EXPECT_EQ(agent().end_of(id), "aborted");
    }
}

// --- the agent itself ----------------------------------------------------------------------------

class AsUser : public Workload {
protected:
    static constexpr uid_t user = 65534;
    void SetUp() override {
        Workload::SetUp();
        start_anew({.before_exec = [] {
            if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
                ::setresuid(user, user, user) != 0) {
                ::_exit(98);
            }
        }});
        ASSERT_EQ(agent().ping(), "reply ok");
        ASSERT_EQ(status_field(agent().pid(), "Uid"), "65534 65534 65534 65534");
    }
};

TEST_F(AsUser, nobody_can_look_into_the_agent) {
    EXPECT_EQ(proc_owner(agent().pid()), 0U) << "it is dumpable";
}

TEST_F(AsUser, the_agent_serves_its_own_user) {
    const Report said = report();
    EXPECT_EQ(said["uid"], "65534 65534 65534");
    EXPECT_EQ(said["dumpable"], "1");
    EXPECT_EQ(said["fds"], "3");
}

TEST_F(AsUser, the_agent_launches_into_user_namespaces) {
    const Report said = report({namespaces({"user", "pid", "net", "uts"}),
                                {"map_root", etf::atom("true")},
                                {"hostname", etf::binary("box")}});
    EXPECT_EQ(said["uid"], "0 0 0");
    EXPECT_EQ(said["uid_map"], "0 65534 1");
    EXPECT_EQ(said["hostname"], "box");
    EXPECT_EQ(said["pid"], "1");
}

TEST_F(AsUser, the_agent_kills_descendants_too) {
    const auto pids = agent().beget(1, {"deaf", "child", "orphan", "session", "daemon"});
    EXPECT_EQ(agent().kill(1, 50), "reply ok");
    EXPECT_EQ(agent().end_of(1), "signaled 9");
    for (const auto& [manner, pid] : pids) {
        EXPECT_TRUE(ends(pid)) << manner;
    }
}

TEST_F(AsUser, what_the_agent_may_not_do_is_told) {
    agent().spawn(1, {workload("returns")}, {{"uid", etf::integer(0)}, does_not_stop()});
    EXPECT_THAT(agent().end_of(1), StartsWith("error 1 "));
    agent().spawn(1, {workload("returns")}, {namespaces({"net"}), does_not_stop()});
    EXPECT_THAT(agent().end_of(1), StartsWith("error 1 "));
}

}  // namespace
}  // namespace support
