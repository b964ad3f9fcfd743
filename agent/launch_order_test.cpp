#include "agent/launch_order.hpp"

#include "etf/terms_test.hpp"
#include "etf/validate.hpp"

#include <cerrno>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

namespace linx::agent {
namespace {

using etf::by_hand::atom;
using etf::by_hand::big;
using etf::by_hand::binary;
using etf::by_hand::Bytes;
using etf::by_hand::bytes_of;
using etf::by_hand::charlist;
using etf::by_hand::integer;
using etf::by_hand::list;
using etf::by_hand::map;
using etf::by_hand::nil;
using etf::by_hand::Pairs;
using etf::by_hand::tuple;
using etf::by_hand::with_version;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::int64_t two_to_the_32 = std::int64_t{1} << 32;

Result<LaunchOrder> read_term(const Bytes& term) {
    const Bytes frame = with_version(term);
    EXPECT_TRUE(etf::validate(bytes_of(frame)));
    etf::Reader reader(bytes_of(frame));
    return read_launch_order(reader);
}
/// A spec of /bin/true and these keys.
Result<LaunchOrder> read(const Pairs& keys) {
    Pairs all{{"argv", list({binary("/bin/true")})}};
    all.insert(all.end(), keys.begin(), keys.end());
    return read_term(map(all));
}
LaunchOrder good(const Pairs& keys) {
    auto order = read(keys);
    EXPECT_TRUE(order) << order.error().detail;
    return order ? std::move(*order) : LaunchOrder{};
}
ProcessSpec spec(const Pairs& keys) {
    return good(keys).spec;
}
/// What is said of a value that a key does not take; the stage and errno are those of a broken spec.
std::string wrong(const std::string& key, const Bytes& value) {
    const auto order = read({{key, value}});
    if (order) {
        return "taken";
    }
    EXPECT_EQ(order.error().stage, Stage::spec);
    EXPECT_EQ(order.error().errnum, EINVAL);
    return order.error().detail;
}
Bytes one(const Bytes& element) {
    return list({element});
}

TEST(LaunchOrder, of_argv_alone_has_the_protocols_defaults) {
    const LaunchOrder order = good({});
    EXPECT_THAT(order.spec.argv, ElementsAre("/bin/true"));
    EXPECT_TRUE(std::holds_alternative<StdioNull>(order.spec.stdin_from));
    EXPECT_TRUE(std::holds_alternative<StdioInherit>(order.spec.stdout_to));
    EXPECT_TRUE(std::holds_alternative<StdioInherit>(order.spec.stderr_to));
    EXPECT_FALSE(order.spec.environment.base);
    EXPECT_FALSE(order.spec.namespaces);
    EXPECT_TRUE(order.spec.loopback);
    EXPECT_FALSE(order.auto_proceed);
    EXPECT_FALSE(order.checkpoint_timeout);
    EXPECT_EQ(std::get<KillAfter>(order.orphan_policy).grace, milliseconds{5000});
}

TEST(LaunchOrder, is_a_map_with_atoms_as_keys) {
    const auto said = [](const Bytes& term) { return read_term(term).error().detail; };
    EXPECT_EQ(said(list({tuple({atom("argv"), nil()})})), "spec: a list is not a map");
    EXPECT_EQ(said(atom("argv")), "spec: argv is not a map");
    const Bytes text_as_key =
        etf::by_hand::tagged(116, etf::by_hand::big_endian(1, 4) + binary("argv") + nil());
    EXPECT_EQ(said(text_as_key), "spec: \"argv\" is not an atom, as the keys of a spec are");
}

TEST(LaunchOrder, names_a_key_that_it_does_not_know) {
    EXPECT_EQ(wrong("comand", nil()), "comand: unknown option");
    EXPECT_EQ(wrong("", nil()), ": unknown option");
    EXPECT_EQ(wrong("rootfs", binary("/")), "rootfs: unknown option");
    EXPECT_EQ(wrong("Argv", nil()), "Argv: unknown option");
}

TEST(LaunchOrder, takes_no_key_twice) {
    EXPECT_EQ(read({{"umask", integer(1)}, {"umask", integer(2)}}).error().detail, "umask: given twice");
    EXPECT_EQ(wrong("argv", list({binary("x")})), "argv: given twice");
}

TEST(LaunchOrder, needs_argv) {
    EXPECT_EQ(read_term(map({})).error().detail, "argv: missing");
    EXPECT_EQ(read_term(map({{"umask", integer(0)}})).error().detail, "argv: missing");
    const auto argv = [](const Bytes& value) { return read_term(map({{"argv", value}})); };
    EXPECT_THAT(argv(list({binary("a"), charlist("b"), nil(), binary("größe")}))->spec.argv,
                ElementsAre("a", "b", "", "größe"));
    EXPECT_EQ(argv(nil()).error().detail, "argv: the list is empty");
    EXPECT_EQ(argv(binary("/bin/true")).error().detail, "argv: \"/bin/true\" is not a list of strings");
    EXPECT_EQ(argv(charlist("/bin/true")).error().detail, "argv: a list is not a list of strings");
    EXPECT_EQ(argv(list({binary("a"), atom("b")})).error().detail, "argv: b is not a string");
    EXPECT_EQ(argv(list({integer(5)})).error().detail, "argv: 5 is not a string");
    EXPECT_EQ(argv(one(binary(Bytes("a\0b", 3)))).error().detail, "argv: a string with a NUL byte in it");
    EXPECT_EQ(argv(one(list({integer('a'), integer(0)}))).error().detail,
              "argv: a string with a NUL byte in it");
}

TEST(LaunchOrder, reads_strings) {
    const ProcessSpec read = spec({{"arg0", binary("sh")},
                                   {"cwd", charlist("/tmp")},
                                   {"hostname", binary("box")},
                                   {"domainname", binary("home")}});
    EXPECT_EQ(read.arg0, "sh");
    EXPECT_EQ(read.cwd, "/tmp");
    EXPECT_EQ(read.hostname, "box");
    EXPECT_EQ(read.domainname, "home");
    for (const std::string key : {"arg0", "cwd", "hostname", "domainname"}) {
        EXPECT_EQ(wrong(key, atom("x")), key + ": x is not a string");
        EXPECT_EQ(wrong(key, integer(-5)), key + ": -5 is not a string");
        EXPECT_EQ(wrong(key, list({integer(0xd800)})), key + ": a list is not a string");
        EXPECT_EQ(wrong(key, binary(Bytes("\0", 1))), key + ": a string with a NUL byte in it");
    }
}

TEST(LaunchOrder, reads_booleans) {
    EXPECT_TRUE(spec({{"map_root", atom("true")}}).map_root);
    EXPECT_TRUE(spec({{"init", atom("true")}}).init);
    EXPECT_TRUE(spec({{"no_new_privs", atom("true")}}).no_new_privs);
    EXPECT_FALSE(spec({{"loopback", atom("false")}}).loopback);
    EXPECT_TRUE(good({{"auto_proceed", atom("true")}}).auto_proceed);
    for (const std::string key : {"map_root", "no_new_privs", "loopback", "auto_proceed", "init"}) {
        EXPECT_EQ(wrong(key, atom("yes")), key + ": yes is not true or false");
        EXPECT_EQ(wrong(key, integer(1)), key + ": 1 is not true or false");
        EXPECT_EQ(wrong(key, binary("true")), key + ": \"true\" is not true or false");
        EXPECT_EQ(wrong(key, atom("nil")), key + ": nil is not true or false");
    }
}

TEST(LaunchOrder, reads_integers_within_their_bounds) {
    EXPECT_EQ(spec({{"umask", integer(0777)}}).umask, 0777U);
    EXPECT_EQ(spec({{"umask", integer(0)}}).umask, 0U);
    EXPECT_EQ(wrong("umask", integer(01000)), "umask: 512 is not an integer from 0 to 511");
    EXPECT_EQ(wrong("umask", integer(-1)), "umask: -1 is not an integer from 0 to 511");
    EXPECT_EQ(wrong("umask", binary("022")), "umask: \"022\" is not an integer from 0 to 511");
    EXPECT_EQ(spec({{"nice", integer(-20)}}).nice, -20);
    EXPECT_EQ(spec({{"nice", integer(19)}}).nice, 19);
    EXPECT_EQ(wrong("nice", integer(77)), "nice: 77 is not an integer from -20 to 19");
    EXPECT_EQ(wrong("nice", integer(-21)), "nice: -21 is not an integer from -20 to 19");
    for (const std::string key : {"uid", "gid"}) {
        const std::string rule = " is not an integer from 0 to 4294967295";
        EXPECT_EQ(wrong(key, integer(-1)), key + ": -1" + rule);
        EXPECT_EQ(wrong(key, integer(two_to_the_32)), key + ": 4294967296" + rule);
        EXPECT_EQ(wrong(key, atom("root")), key + ": root" + rule);
        EXPECT_EQ(wrong(key, big(UINT64_MAX, false)), key + ": an integer" + rule);
    }
    EXPECT_EQ(spec({{"uid", integer(0)}}).uid, 0U);
    EXPECT_EQ(spec({{"uid", integer(two_to_the_32 - 1)}}).uid, 4294967295U);
    EXPECT_EQ(spec({{"gid", integer(65534)}}).gid, 65534U);
}

TEST(LaunchOrder, reads_an_environment_as_the_whole_of_it) {
    const ProcessSpec none = spec({{"env", nil()}});
    EXPECT_EQ(none.environment.base, EnvironmentBase::empty);
    EXPECT_THAT(none.environment.changes, IsEmpty());
    const ProcessSpec some =
        spec({{"env", list({tuple({binary("A"), binary("b=c")}), tuple({charlist("X"), nil()})})}});
    EXPECT_EQ(some.environment.base, EnvironmentBase::empty);
    EXPECT_THAT(some.environment.changes, ElementsAre(Pair("A", "b=c"), Pair("X", "")));
}

TEST(LaunchOrder, refuses_an_environment_that_is_none) {
    const std::string rule = "a list of {name, value}";
    EXPECT_EQ(wrong("env", map({})), "env: a map is not " + rule);
    EXPECT_EQ(wrong("env", one(binary("A=b"))), "env: \"A=b\" is not " + rule);
    EXPECT_EQ(wrong("env", one(tuple({binary("A")}))), "env: a tuple is not " + rule);
    EXPECT_EQ(wrong("env", one(tuple({atom("A"), binary("b")}))), "env: A is not a string");
    EXPECT_EQ(wrong("env", one(tuple({binary(""), binary("b")}))), "env: `` is not the name of a variable");
    EXPECT_EQ(wrong("env", one(tuple({binary("A=B"), binary("b")}))),
              "env: `A=B` is not the name of a variable");
    EXPECT_EQ(wrong("env", one(tuple({binary("A"), atom("nil")}))), "env: the value of A is not a string");
    EXPECT_EQ(wrong("env", one(tuple({binary("A"), integer(5)}))), "env: the value of A is not a string");
    EXPECT_EQ(wrong("env", one(tuple({binary("A"), one(atom("x"))}))), "env: A: a list is not a string");
    EXPECT_EQ(wrong("env", one(tuple({binary("A"), binary(Bytes("\0", 1))}))),
              "env: A: a string with a NUL byte in it");
}

TEST(LaunchOrder, never_shows_the_value_of_a_variable_in_an_error) {
    for (const Bytes& value : {atom("secret"), one(atom("secret")), binary(Bytes("secret\0", 7)),
                               list({binary("secret")}), tuple({binary("secret")})}) {
        EXPECT_THAT(wrong("env", one(tuple({binary("TOKEN"), value}))),
                    testing::Not(testing::HasSubstr("secret")));
    }
}

TEST(LaunchOrder, reads_namespaces) {
    EXPECT_EQ(spec({{"namespaces", list({atom("net"), atom("pid"), atom("net")})}}).namespaces,
              (Namespaces{Namespace::net, Namespace::pid}));
    EXPECT_EQ(spec({{"namespaces", nil()}}).namespaces, Namespaces{});
    const Bytes all = list({atom("user"), atom("mount"), atom("pid"), atom("net"), atom("uts"), atom("ipc"),
                            atom("cgroup"), atom("time")});
    EXPECT_EQ(spec({{"namespaces", all}}).namespaces, Namespaces::all());
    EXPECT_EQ(wrong("namespaces", atom("net")), "namespaces: net is not a list of namespaces");
    EXPECT_EQ(wrong("namespaces", one(atom("network"))),
              "namespaces: network is not one of " + Namespaces::all().to_string());
    EXPECT_EQ(wrong("namespaces", one(binary("net"))),
              "namespaces: \"net\" is not one of " + Namespaces::all().to_string());
    EXPECT_EQ(wrong("namespaces", charlist("net")), "namespaces: a list is not a list of namespaces");
}

TEST(LaunchOrder, reads_what_is_to_be_joined) {
    const auto join = spec({{"join", list({tuple({atom("net"), binary("/run/netns/blue")}),
                                           tuple({atom("uts"), tuple({atom("pid"), integer(71)})})})}})
                          .join;
    ASSERT_EQ(join.size(), 2U);
    EXPECT_EQ(join[0].kind, Namespace::net);
    EXPECT_EQ(std::get<NamespacePath>(join[0].from).path, "/run/netns/blue");
    EXPECT_EQ(join[1].kind, Namespace::uts);
    EXPECT_EQ(std::get<NamespaceOfPid>(join[1].from).pid, 71);
}

TEST(LaunchOrder, refuses_what_cannot_be_joined) {
    const std::string rule = "a list of {namespace, path} or {namespace, {:pid, n}}";
    const auto from = [](const Bytes& value) { return wrong("join", one(tuple({atom("net"), value}))); };
    EXPECT_EQ(wrong("join", atom("net")), "join: net is not " + rule);
    EXPECT_EQ(wrong("join", one(atom("net"))), "join: net is not " + rule);
    EXPECT_EQ(wrong("join", one(tuple({atom("net")}))), "join: a tuple is not " + rule);
    EXPECT_EQ(wrong("join", one(tuple({atom("nett"), binary("/x")}))),
              "join: nett is not one of " + Namespaces::all().to_string());
    EXPECT_EQ(from(integer(5)), "join: 5 is not a string");
    EXPECT_EQ(from(tuple({atom("pid")})), "join: a tuple is not a path or {:pid, n}");
    EXPECT_EQ(from(tuple({atom("fd"), integer(5)})), "join: fd is not :pid, as in {:pid, n}");
    EXPECT_EQ(from(tuple({atom("pid"), integer(0)})), "join: 0 is not an integer from 1 to 4194304");
    EXPECT_EQ(from(tuple({atom("pid"), binary("5")})), "join: \"5\" is not an integer from 1 to 4194304");
}

TEST(LaunchOrder, reads_id_maps) {
    const Bytes ranges = list({tuple({integer(0), integer(100'000), integer(65'536)}),
                               tuple({integer(70'000), integer(two_to_the_32 - 1), integer(1)})});
    const ProcessSpec read =
        spec({{"uid_map", ranges}, {"gid_map", one(tuple({integer(1), integer(2), integer(3)}))}});
    EXPECT_THAT(read.uid_map, ElementsAre(IdRange{0, 100'000, 65'536}, IdRange{70'000, 4'294'967'295, 1}));
    EXPECT_THAT(read.gid_map, ElementsAre(IdRange{1, 2, 3}));
    for (const std::string key : {"uid_map", "gid_map"}) {
        const std::string rule = "a list of {inside, outside, count}";
        EXPECT_EQ(wrong(key, atom("root")), key + ": root is not " + rule);
        EXPECT_EQ(wrong(key, tuple({integer(0), integer(0), integer(1)})), key + ": a tuple is not " + rule);
        EXPECT_EQ(wrong(key, one(tuple({integer(0), integer(0)}))), key + ": a tuple is not " + rule);
        EXPECT_EQ(wrong(key, one(tuple({integer(0), integer(-1), integer(1)}))),
                  key + ": -1 is not an integer from 0 to 4294967295");
        EXPECT_EQ(wrong(key, one(tuple({integer(0), integer(0), atom("all")}))),
                  key + ": all is not an integer from 0 to 4294967295");
    }
}

TEST(LaunchOrder, reads_time_offsets) {
    const auto offsets =
        spec({{"time_offsets", list({tuple({atom("boottime"), integer(-86'400), integer(999'999'999)}),
                                     tuple({atom("monotonic"), integer(5), integer(0)})})}})
            .time_offsets;
    EXPECT_EQ(offsets.boottime, (TimeOffset{-86'400, 999'999'999}));
    EXPECT_EQ(offsets.monotonic, (TimeOffset{5, 0}));
    const auto offset = [](const Bytes& clock, const Bytes& seconds, const Bytes& nanoseconds) {
        return wrong("time_offsets", one(tuple({clock, seconds, nanoseconds})));
    };
    EXPECT_EQ(offset(atom("realtime"), integer(0), integer(0)),
              "time_offsets: realtime is not :monotonic or :boottime");
    EXPECT_EQ(offset(binary("boottime"), integer(0), integer(0)),
              "time_offsets: \"boottime\" is not :monotonic or :boottime");
    EXPECT_EQ(
        offset(atom("boottime"), atom("x"), integer(0)).rfind("time_offsets: x is not an integer from ", 0),
        0U);
    EXPECT_EQ(offset(atom("boottime"), integer(0), integer(1'000'000'000)),
              "time_offsets: 1000000000 is not an integer from 0 to 999999999");
    EXPECT_EQ(wrong("time_offsets", one(tuple({atom("boottime"), integer(0)}))),
              "time_offsets: a tuple is not a list of {:monotonic or :boottime, seconds, nanoseconds}");
}

TEST(LaunchOrder, reads_mounts_with_options_as_mount_8_spells_them) {
    const auto mounts =
        spec({{"mounts", list({tuple({binary("proc"), binary("/proc"), nil()}),
                               tuple({binary("tmpfs"), charlist("/tmp"),
                                      list({binary("ro"), binary("size=1m"), binary("nosuid")})})})}})
            .mounts;
    ASSERT_EQ(mounts.size(), 2U);
    EXPECT_EQ(mounts[0].type, "proc");
    EXPECT_EQ(mounts[0].target, "/proc");
    EXPECT_EQ(mounts[1].target, "/tmp");
    EXPECT_THAT(mounts[1].options, ElementsAre("size=1m"));
    EXPECT_EQ(mounts[1].attributes, static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
    const std::string rule = "a list of {type, target, options}";
    EXPECT_EQ(wrong("mounts", binary("/proc")), "mounts: \"/proc\" is not " + rule);
    EXPECT_EQ(wrong("mounts", one(tuple({binary("proc"), binary("/proc")}))),
              "mounts: a tuple is not " + rule);
    EXPECT_EQ(wrong("mounts", one(tuple({atom("proc"), binary("/proc"), nil()}))),
              "mounts: proc is not a string");
    EXPECT_EQ(wrong("mounts", one(tuple({binary("proc"), integer(1), nil()}))), "mounts: 1 is not a string");
    EXPECT_EQ(wrong("mounts", one(tuple({binary("proc"), binary("/"), binary("ro")}))),
              "mounts: \"ro\" is not a list of options");
    EXPECT_EQ(wrong("mounts", one(tuple({binary("proc"), binary("/"), one(atom("ro"))}))),
              "mounts: ro is not a string");
}

TEST(LaunchOrder, reads_groups_however_the_list_is_written) {
    EXPECT_THAT(*spec({{"groups", list({integer(4), integer(65'534)})}}).groups, ElementsAre(4U, 65'534U));
    EXPECT_THAT(*spec({{"groups", charlist("\x04\xff")}}).groups, ElementsAre(4U, 255U));
    EXPECT_THAT(*spec({{"groups", nil()}}).groups, IsEmpty());
    const std::string rule = " is not a list of group ids";
    EXPECT_EQ(wrong("groups", integer(4)), "groups: 4" + rule);
    EXPECT_EQ(wrong("groups", one(integer(-1))), "groups: a list" + rule);
    EXPECT_EQ(wrong("groups", one(integer(two_to_the_32))), "groups: a list" + rule);
    EXPECT_EQ(wrong("groups", one(atom("wheel"))), "groups: a list" + rule);
}

TEST(LaunchOrder, reads_resource_limits) {
    const auto limits =
        spec({{"rlimits", list({tuple({atom("nofile"), integer(64), integer(128)}),
                                tuple({atom("core"), integer(0), atom("infinity")}),
                                tuple({atom("fsize"), big(UINT64_MAX - 1, false), atom("infinity")})})}})
            .rlimits;
    ASSERT_EQ(limits.size(), 3U);
    EXPECT_EQ(limits[0].resource, RLIMIT_NOFILE);
    EXPECT_EQ(limits[0].soft, 64U);
    EXPECT_EQ(limits[0].hard, 128U);
    EXPECT_EQ(limits[1].resource, RLIMIT_CORE);
    EXPECT_EQ(limits[1].hard, RLIM_INFINITY);
    EXPECT_EQ(limits[2].soft, UINT64_MAX - 1);
    const std::string value_rule = " is not a limit: a whole number from 0 on, or :infinity";
    const auto limit = [](const Bytes& name, const Bytes& soft) {
        return wrong("rlimits", one(tuple({name, soft, integer(1)})));
    };
    EXPECT_EQ(wrong("rlimits", map({{"nofile", integer(1)}})),
              "rlimits: a map is not a list of {name, soft, hard}");
    EXPECT_EQ(wrong("rlimits", one(tuple({atom("nofile"), integer(1)}))),
              "rlimits: a tuple is not a list of {name, soft, hard}");
    EXPECT_EQ(limit(atom("files"), integer(1)),
              "rlimits: files is not the name of a resource limit, such as :nofile");
    EXPECT_EQ(limit(binary("nofile"), integer(1)), "rlimits: \"nofile\" is not a name");
    EXPECT_EQ(limit(atom("nofile"), integer(-1)), "rlimits: -1" + value_rule);
    EXPECT_EQ(limit(atom("nofile"), atom("unlimited")), "rlimits: unlimited" + value_rule);
    EXPECT_EQ(limit(atom("nofile"), binary("64")), "rlimits: \"64\"" + value_rule);
}

TEST(LaunchOrder, reads_the_rules_of_its_session) {
    EXPECT_EQ(good({{"checkpoint_timeout", integer(250)}}).checkpoint_timeout, milliseconds{250});
    EXPECT_EQ(wrong("checkpoint_timeout", integer(-1)),
              "checkpoint_timeout: -1 is not an integer from 0 to 31622400000");
    EXPECT_EQ(wrong("checkpoint_timeout", atom("infinity")),
              "checkpoint_timeout: infinity is not an integer from 0 to 31622400000");
    EXPECT_TRUE(std::holds_alternative<Keep>(good({{"orphan_policy", atom("keep")}}).orphan_policy));
    EXPECT_EQ(
        std::get<KillAfter>(good({{"orphan_policy", tuple({atom("kill"), integer(0)})}}).orphan_policy).grace,
        milliseconds{0});
    const std::string rule = " is not {:kill, ms} or :keep";
    EXPECT_EQ(wrong("orphan_policy", atom("kill")), "orphan_policy: kill" + rule);
    EXPECT_EQ(wrong("orphan_policy", tuple({atom("kill")})), "orphan_policy: a tuple" + rule);
    EXPECT_EQ(wrong("orphan_policy", tuple({atom("stop"), integer(5)})), "orphan_policy: a tuple" + rule);
    EXPECT_EQ(wrong("orphan_policy", integer(5)), "orphan_policy: 5" + rule);
    EXPECT_EQ(wrong("orphan_policy", tuple({atom("kill"), integer(-5)})),
              "orphan_policy: -5 is not an integer from 0 to 31622400000");
}

Bytes stream(const std::string& name, const Bytes& how) {
    return one(tuple({atom(name), how}));
}
/// The flags of open(2) that these modes mean for a stream.
int flags(const std::string& name, const std::vector<Bytes>& modes) {
    const ProcessSpec read =
        spec({{"stdio", stream(name, tuple({atom("file"), binary("/x"), list(modes)}))}});
    const Stdio& from = name == "stdin"    ? read.stdin_from
                        : name == "stdout" ? read.stdout_to
                                           : read.stderr_to;
    const auto* file = std::get_if<StdioFile>(&from);
    return file != nullptr && file->path == "/x" ? file->flags : -1;
}

TEST(LaunchOrder, reads_where_the_streams_lead) {
    const ProcessSpec read = spec(
        {{"stdio", list({tuple({atom("stdin"), atom("inherit")}), tuple({atom("stdout"), atom("devnull")}),
                         tuple({atom("stderr"), atom("stdout")})})}});
    EXPECT_TRUE(std::holds_alternative<StdioInherit>(read.stdin_from));
    EXPECT_TRUE(std::holds_alternative<StdioNull>(read.stdout_to));
    EXPECT_TRUE(std::holds_alternative<StdioAsStdout>(read.stderr_to));
    const ProcessSpec socket =
        spec({{"stdio", stream("stdout", tuple({atom("connect_unix"), binary("/s")}))}});
    EXPECT_EQ(std::get<StdioConnectUnix>(socket.stdout_to).path, "/s");
    EXPECT_TRUE(std::holds_alternative<StdioNull>(socket.stdin_from)) << "the others keep their default";
}

TEST(LaunchOrder, opens_files_in_the_modes_that_are_asked_for) {
    const Bytes r = atom("read");
    const Bytes w = atom("write");
    const Bytes a = atom("append");
    const Bytes x = atom("exclusive");
    EXPECT_EQ(flags("stdin", {}), O_RDONLY);
    EXPECT_EQ(flags("stdin", {r}), O_RDONLY);
    EXPECT_EQ(flags("stdout", {}), O_WRONLY | O_CREAT | O_TRUNC);
    EXPECT_EQ(flags("stdout", {w}), O_WRONLY | O_CREAT | O_TRUNC);
    EXPECT_EQ(flags("stderr", {a}), O_WRONLY | O_CREAT | O_APPEND);
    EXPECT_EQ(flags("stdout", {w, a}), O_WRONLY | O_CREAT | O_APPEND);
    EXPECT_EQ(flags("stdout", {w, x}), O_WRONLY | O_CREAT | O_TRUNC | O_EXCL);
    EXPECT_EQ(flags("stdout", {x}), O_WRONLY | O_CREAT | O_TRUNC | O_EXCL);
    EXPECT_EQ(flags("stdout", {a, x}), O_WRONLY | O_CREAT | O_APPEND | O_EXCL);
    EXPECT_EQ(flags("stdin", {r, w}), O_RDWR | O_CREAT);
    EXPECT_EQ(flags("stdin", {r, a}), O_RDWR | O_CREAT | O_APPEND);
    const ProcessSpec two = spec({{"stdio", stream("stderr", tuple({atom("file"), binary("/x")}))}});
    EXPECT_EQ(std::get<StdioFile>(two.stderr_to).flags, O_WRONLY | O_CREAT | O_TRUNC);
    EXPECT_EQ(std::get<StdioFile>(two.stderr_to).mode, 0666U);
}

TEST(LaunchOrder, refuses_streams_that_lead_nowhere) {
    const std::string rule =
        ":inherit, :devnull, {:file, path, modes}, {:connect_unix, path}, or :stdout for stderr";
    const auto said = [](const std::string& name, const Bytes& how) {
        return wrong("stdio", stream(name, how));
    };
    EXPECT_EQ(wrong("stdio", atom("inherit")), "stdio: inherit is not a list of {stream, how}");
    EXPECT_EQ(wrong("stdio", one(atom("stdin"))), "stdio: stdin is not a list of {stream, how}");
    EXPECT_EQ(said("stdlog", atom("inherit")), "stdio: stdlog is not :stdin, :stdout or :stderr");
    EXPECT_EQ(wrong("stdio", one(tuple({integer(0), atom("inherit")}))),
              "stdio: 0 is not :stdin, :stdout or :stderr");
    EXPECT_EQ(said("stdin", atom("pipe")), "stdio: stdin: pipe is not " + rule);
    EXPECT_EQ(said("stdin", atom("stdout")), "stdio: stdin: stdout is not " + rule);
    EXPECT_EQ(said("stdout", atom("stdout")), "stdio: stdout: stdout is not " + rule);
    EXPECT_EQ(said("stdout", binary("/tmp/x")), "stdio: stdout: \"/tmp/x\" is not " + rule);
    EXPECT_EQ(said("stdout", tuple({})), "stdio: stdout: a tuple is not " + rule);
    EXPECT_EQ(said("stdout", tuple({atom("file")})), "stdio: stdout: a tuple is not " + rule);
    EXPECT_EQ(said("stdout", tuple({atom("socket"), binary("/x")})), "stdio: stdout: a tuple is not " + rule);
    EXPECT_EQ(said("stdout", tuple({atom("connect_unix"), binary("/x"), nil()})),
              "stdio: stdout: a tuple is not " + rule);
    EXPECT_EQ(said("stdin", tuple({atom("connect_unix"), integer(5)})), "stdio: stdin: 5 is not a string");
    EXPECT_EQ(said("stderr", tuple({atom("file"), atom("x")})), "stdio: stderr: x is not a string");
    EXPECT_EQ(said("stdin", tuple({atom("file"), binary("/x"), one(atom("exclusive"))})),
              "stdio: stdin: :exclusive needs :write or :append");
    EXPECT_EQ(said("stdout", tuple({atom("file"), binary("/x"), list({atom("read"), atom("exclusive")})})),
              "stdio: stdout: :exclusive needs :write or :append");
    EXPECT_EQ(said("stdout", tuple({atom("file"), binary("/x"), one(atom("sync"))})),
              "stdio: stdout: sync is not one of :read, :write, :append and :exclusive");
    EXPECT_EQ(said("stdout", tuple({atom("file"), binary("/x"), atom("write")})),
              "stdio: stdout: write is not a list of :read, :write, :append and :exclusive");
    EXPECT_EQ(said("stdout", tuple({atom("file"), binary("/x"), one(binary("write"))})),
              "stdio: stdout: \"write\" is not a list of :read, :write, :append and :exclusive");
}

TEST(LaunchOrder, takes_no_stream_twice) {
    const Bytes twice =
        list({tuple({atom("stdout"), atom("inherit")}), tuple({atom("stdout"), atom("devnull")})});
    EXPECT_EQ(wrong("stdio", twice), "stdio: stdout: given twice");
}

TEST(LaunchOrder, takes_no_clock_twice) {
    const Bytes offset = tuple({atom("boottime"), integer(1), integer(0)});
    EXPECT_EQ(wrong("time_offsets", list({offset, offset})), "time_offsets: boottime: given twice");
}

}  // namespace
}  // namespace linx::agent
