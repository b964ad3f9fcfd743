/// Fresh namespaces, alone, in pairs and all together: read back from outside while the child waits at
/// the checkpoint, and told by the workload from inside.
#include "support/leaves_nothing.hpp"
#include "support/report.hpp"
#include "support/stranger.hpp"

#include <linux/mount.h>

namespace {

using linx::Namespace;
using linx::Namespaces;
using support::namespace_of;
using support::Report;

std::vector<Namespaces> every_single_and_pair() {
    std::vector<Namespaces> sets{Namespaces{}};
    for (const Namespace first : linx::every_namespace) {
        sets.push_back({first});
        for (const Namespace second : linx::every_namespace) {
            if (first < second) {
                sets.push_back({first, second});
            }
        }
    }
    sets.push_back(Namespaces::all());
    sets.push_back(Namespaces::all().without({Namespace::user}));
    return sets;
}

std::string test_name(const testing::TestParamInfo<Namespaces>& info) {
    std::string text = info.param == Namespaces::all() ? "all" : info.param.to_string();
    std::erase(text, ' ');
    std::ranges::replace(text, ',', '_');
    return text.empty() ? "none" : text;
}

class FreshNamespaces : public support::LeavesNothing, public testing::WithParamInterface<Namespaces> {};

TEST_P(FreshNamespaces, are_those_that_were_asked_for_and_no_others) {
    const Namespaces fresh = GetParam();
    linx::ProcessSpec spec = support::reporting(fresh);
    spec.map_root = fresh.contains(Namespace::user);
    std::map<Namespace, std::string> seen_outside;
    const pid_t own_pid = ::getpid();
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        EXPECT_EQ(support::differences(held.host_pid(), own_pid), fresh);
        for (const Namespace kind : linx::every_namespace) {
            seen_outside[kind] = namespace_of(held.host_pid(), kind);
        }
        const bool is_init = fresh.contains(Namespace::pid);
        EXPECT_EQ(held.child_pid(), is_init ? 1 : held.host_pid());
        const std::string host_pid = std::to_string(held.host_pid());
        EXPECT_EQ(support::status_field(held.host_pid(), "NSpid"), is_init ? host_pid + " 1" : host_pid);
        EXPECT_EQ(support::status_field(held.host_pid(), "PPid"), std::to_string(own_pid));
    });
    for (const Namespace kind : linx::every_namespace) {
        EXPECT_EQ(report.namespace_of(kind), seen_outside[kind]) << linx::name(kind);
        EXPECT_EQ(report.namespace_of(kind) == namespace_of(own_pid, kind), !fresh.contains(kind))
            << linx::name(kind);
    }
    EXPECT_EQ(report["pid"] == "1", fresh.contains(Namespace::pid));
    EXPECT_EQ(report["ppid"], fresh.contains(Namespace::pid) ? "0" : std::to_string(own_pid));
    EXPECT_EQ(report["uid"], "0 0 0");
}

INSTANTIATE_TEST_SUITE_P(Each, FreshNamespaces, testing::ValuesIn(every_single_and_pair()), test_name);

using Furnishing = support::LeavesNothing;

TEST_F(Furnishing, loopback_is_up_in_a_fresh_net_namespace) {
    EXPECT_EQ(support::report_of(support::reporting(Namespaces{Namespace::net}))["lo"], "up");
}

TEST_F(Furnishing, loopback_is_left_down_when_that_is_wanted) {
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::net});
    spec.loopback = false;
    EXPECT_EQ(support::report_of(spec)["lo"], "down");
}

TEST_F(Furnishing, names_are_set_inside_and_stay_as_they_are_outside) {
    const std::string hostname = support::contents("/proc/sys/kernel/hostname");
    const std::string domainname = support::contents("/proc/sys/kernel/domainname");
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::uts});
    spec.hostname = "blue";
    spec.domainname = std::string(64, 'd');
    const Report report = support::report_of(spec);
    EXPECT_EQ(report["hostname"], "blue");
    EXPECT_EQ(report["domainname"], std::string(64, 'd'));
    EXPECT_EQ(support::contents("/proc/sys/kernel/hostname"), hostname);
    EXPECT_EQ(support::contents("/proc/sys/kernel/domainname"), domainname);
}

TEST_F(Furnishing, mounts_are_there_at_the_checkpoint_and_only_inside) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::mount, Namespace::pid});
    spec.mounts = {{.type = "tmpfs",
                    .target = directory.path(),
                    .source = "inside",
                    .options = {"size=64k", "mode=711"},
                    .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV},
                   {.type = "proc", .target = "/proc", .source = "", .options = {}, .attributes = 0}};
    const std::string outside = support::contents("/proc/self/mountinfo");
    const Report report = support::report_of(spec, [&](const linx::Held& held) {
        const std::string inside = support::contents(support::proc_path(held.host_pid(), "mountinfo"));
        const std::size_t at = inside.find(" " + directory.path() + " ");
        ASSERT_NE(at, std::string::npos) << inside;
        const std::string line = inside.substr(at, inside.find('\n', at) - at);
        EXPECT_NE(line.find("nosuid,nodev"), std::string::npos) << line;
        EXPECT_NE(line.find(" - tmpfs inside rw,size=64k,mode=711"), std::string::npos) << line;
        EXPECT_EQ(inside.find("shared:"), std::string::npos) << "the propagation is still shared";
        EXPECT_EQ(support::contents("/proc/self/mountinfo"), outside);
    });
    // Its own /proc shows it as number 1, and only what is inside.
    EXPECT_EQ(report["pid"], "1");
    EXPECT_NE(report.namespace_of(Namespace::pid), "(none)");
}

TEST_F(Furnishing, a_mount_that_is_refused_names_itself_and_what_the_kernel_says) {
    const support::TemporaryDirectory directory;
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::mount});
    spec.mounts = {{.type = "tmpfs",
                    .target = directory.path(),
                    .source = "",
                    .options = {"size=much"},
                    .attributes = 0}};
    const linx::Error bad_option = support::error_of(spec);
    EXPECT_EQ(bad_option.stage, linx::Stage::mount);
    EXPECT_EQ(bad_option.errnum, EINVAL);
    EXPECT_EQ(bad_option.detail, "tmpfs on " + directory.path());
    EXPECT_NE(bad_option.hint.find("size"), std::string::npos) << bad_option.hint;

    spec.mounts[0].options.clear();
    spec.mounts[0].target = directory / "missing";
    EXPECT_EQ(support::error_of(spec).errnum, ENOENT);

    spec.mounts[0].type = "nosuchfs";
    const linx::Error unknown = support::error_of(spec);
    EXPECT_EQ(unknown.errnum, ENODEV);
    EXPECT_EQ(unknown.hint, "this kernel does not know that filesystem");
}

TEST_F(Furnishing, a_mount_is_not_led_elsewhere_by_a_symbolic_link) {
    const support::TemporaryDirectory directory;
    std::filesystem::create_directory(directory / "real");
    std::filesystem::create_symlink("real", directory / "link");
    linx::ProcessSpec spec = support::reporting(Namespaces{Namespace::mount});
    spec.mounts = {
        {.type = "tmpfs", .target = directory / "link", .source = "", .options = {}, .attributes = 0}};
    const linx::Error error = support::error_of(spec);
    EXPECT_EQ(error.stage, linx::Stage::mount);
    EXPECT_EQ(error.errnum, ELOOP);
}

}  // namespace
