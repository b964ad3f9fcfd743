/// Joining a namespace by the path to its file, `/run/netns/blue` style, and every path that is no such file.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <fcntl.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::Report;
using support::Stranger;

/// A namespace file bound to a path, as `ip netns add` does, for as long as this object lives.
class BoundNamespace {
public:
    BoundNamespace(const std::string& path, pid_t pid, Namespace kind) : path_(path) {
        EXPECT_TRUE(support::put_contents(path, ""));
        const std::string source = support::proc_path(pid, "ns/" + std::string(linx::proc_name(kind)));
        EXPECT_EQ(::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0) << errno;
    }
    BoundNamespace(const BoundNamespace&) = delete;
    BoundNamespace& operator=(const BoundNamespace&) = delete;
    ~BoundNamespace() { ::umount2(path_.c_str(), MNT_DETACH); }

private:
    std::string path_;
};

class JoinByPath : public support::LeavesNothing {
protected:
    [[nodiscard]] linx::ProcessSpec joining(const std::string& path, Namespace kind = Namespace::net) const {
        linx::ProcessSpec spec = support::reporting();
        spec.join.emplace_back(kind, linx::NamespacePath{path});
        return spec;
    }
    support::TemporaryDirectory directory_;
};

TEST_F(JoinByPath, joins_a_namespace_that_no_process_is_in_any_more) {
    Stranger maker{{Namespace::net}};
    const std::string inode = support::namespace_of(maker.pid(), Namespace::net);
    const BoundNamespace blue{directory_ / "blue", maker.pid(), Namespace::net};
    maker.end();
    const Report report = support::report_of(joining(directory_ / "blue"), [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), ::getpid()), Namespaces{Namespace::net});
    });
    EXPECT_EQ(report.namespace_of(Namespace::net), inode);
}

class JoinByPathOf : public support::LeavesNothing, public testing::WithParamInterface<Namespace> {};

TEST_P(JoinByPathOf, joins_each_kind_through_proc) {
    const Stranger target{{GetParam()}};
    linx::ProcessSpec spec = support::reporting();
    spec.join.emplace_back(GetParam(), linx::NamespacePath{support::proc_path(
                                           target.pid(), "ns/" + std::string(linx::proc_name(GetParam())))});
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), target.pid()), Namespaces{});
    });
    EXPECT_EQ(report.namespace_of(GetParam()), support::namespace_of(target.pid(), GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Each, JoinByPathOf, testing::ValuesIn(linx::every_namespace),
                         [](const auto& info) { return std::string(linx::name(info.param)); });

TEST_F(JoinByPath, a_user_namespace_goes_before_what_it_owns_and_after_what_it_does_not) {
    const Stranger owner{{Namespace::user, Namespace::net}};
    const Stranger host_made{{Namespace::net}};
    for (const pid_t net : {owner.pid(), host_made.pid()}) {
        linx::ProcessSpec spec = support::reporting();
        spec.join.emplace_back(Namespace::net, linx::NamespacePath{support::proc_path(net, "ns/net")});
        spec.join.emplace_back(Namespace::user,
                               linx::NamespacePath{support::proc_path(owner.pid(), "ns/user")});
        const Report report = support::report_of(spec);
        EXPECT_EQ(report.namespace_of(Namespace::net), support::namespace_of(net, Namespace::net));
        EXPECT_EQ(report.namespace_of(Namespace::user), support::namespace_of(owner.pid(), Namespace::user));
    }
}

TEST_F(JoinByPath, mixed_with_fresh_ones) {
    const Stranger maker{{Namespace::net}};
    const BoundNamespace blue{directory_ / "blue", maker.pid(), Namespace::net};
    linx::ProcessSpec spec = joining(directory_ / "blue");
    spec.namespaces = Namespaces{Namespace::pid, Namespace::mount, Namespace::uts};
    const Report report = support::report_of(spec);
    EXPECT_EQ(report.namespace_of(Namespace::net), support::namespace_of(maker.pid(), Namespace::net));
    EXPECT_EQ(report["pid"], "1");
}

TEST_F(JoinByPath, the_launchers_own_namespaces_are_skipped) {
    // The kernel refuses to join one's own user namespace: EINVAL. Being there already is no error.
    linx::ProcessSpec spec = support::reporting();
    for (const Namespace kind : linx::every_namespace) {
        spec.join.emplace_back(kind,
                               linx::NamespacePath{"/proc/self/ns/" + std::string(linx::proc_name(kind))});
    }
    const Report report = support::report_of(spec, [](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), ::getpid()), Namespaces{});
    });
    EXPECT_EQ(report["uid"], "0 0 0");
}

struct Wrong {
    const char* name;
    int errnum;
    const char* hint;
    std::function<std::string(const support::TemporaryDirectory&)> path;
};

class NoNamespace : public support::LeavesNothing, public testing::WithParamInterface<Wrong> {
protected:
    support::TemporaryDirectory directory_;
};

TEST_P(NoNamespace, is_refused_before_anything_is_cloned) {
    const std::string path = GetParam().path(directory_);
    for (const Namespaces fresh : {Namespaces{}, Namespaces{Namespace::pid}}) {
        linx::ProcessSpec spec = support::reporting(fresh);
        spec.join.emplace_back(Namespace::net, linx::NamespacePath{path});
        const linx::Error error = support::error_of(spec);
        EXPECT_EQ(error.stage, linx::Stage::open_ns_net) << error.message();
        EXPECT_EQ(error.errnum, GetParam().errnum) << error.message();
        EXPECT_EQ(error.detail, path);
        EXPECT_EQ(error.hint, GetParam().hint);
        expect_nothing_left();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Each, NoNamespace,
    testing::Values(Wrong{"missing", ENOENT, "", [](const auto& directory) { return directory / "missing"; }},
                    Wrong{"regular_file", EINVAL, "this file is no namespace",
                          [](const auto& directory) {
                              support::put_contents(directory / "file", "x");
                              return directory / "file";
                          }},
                    Wrong{"directory", EINVAL, "this file is no namespace",
                          [](const auto& directory) { return directory.path(); }},
                    Wrong{"fifo_without_a_writer", EINVAL, "this file is no namespace",
                          [](const auto& directory) {
                              ::mkfifo((directory / "fifo").c_str(), 0600);
                              return directory / "fifo";
                          }},
                    Wrong{"socket", EINVAL, "this file is no namespace",
                          [](const auto& directory) {
                              ::mknod((directory / "socket").c_str(), S_IFSOCK | 0600, 0);
                              return directory / "socket";
                          }},
                    Wrong{"device", EINVAL, "this file is no namespace",
                          [](const auto&) { return std::string("/dev/null"); }},
                    Wrong{"symlink_loop", ELOOP, "",
                          [](const auto& directory) {
                              std::filesystem::create_symlink("loop", directory / "loop");
                              return directory / "loop";
                          }},
                    Wrong{"other_kind", EINVAL, "this is a namespace of another kind",
                          [](const auto&) { return std::string("/proc/self/ns/uts"); }},
                    Wrong{"file_as_directory", ENOTDIR, "",
                          [](const auto&) { return std::string("/proc/self/ns/net/x"); }}),
    [](const auto& info) { return info.param.name; });

TEST_F(JoinByPath, a_symbolic_link_to_a_namespace_will_do) {
    const Stranger target{{Namespace::net}};
    std::filesystem::create_symlink(support::proc_path(target.pid(), "ns/net"), directory_ / "link");
    const Report report = support::report_of(joining(directory_ / "link"));
    EXPECT_EQ(report.namespace_of(Namespace::net), support::namespace_of(target.pid(), Namespace::net));
}

}  // namespace
