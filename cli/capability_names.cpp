#include "cli/capability_names.hpp"

#include <array>
#include <string_view>

namespace linx::cli {

namespace {

/// In the order of <linux/capability.h>.
constexpr std::array<std::string_view, 41> names{"chown",
                                                 "dac_override",
                                                 "dac_read_search",
                                                 "fowner",
                                                 "fsetid",
                                                 "kill",
                                                 "setgid",
                                                 "setuid",
                                                 "setpcap",
                                                 "linux_immutable",
                                                 "net_bind_service",
                                                 "net_broadcast",
                                                 "net_admin",
                                                 "net_raw",
                                                 "ipc_lock",
                                                 "ipc_owner",
                                                 "sys_module",
                                                 "sys_rawio",
                                                 "sys_chroot",
                                                 "sys_ptrace",
                                                 "sys_pacct",
                                                 "sys_admin",
                                                 "sys_boot",
                                                 "sys_nice",
                                                 "sys_resource",
                                                 "sys_time",
                                                 "sys_tty_config",
                                                 "mknod",
                                                 "lease",
                                                 "audit_write",
                                                 "audit_control",
                                                 "setfcap",
                                                 "mac_override",
                                                 "mac_admin",
                                                 "syslog",
                                                 "wake_alarm",
                                                 "block_suspend",
                                                 "audit_read",
                                                 "perfmon",
                                                 "bpf",
                                                 "checkpoint_restore"};

}  // namespace

std::vector<std::string> capability_names(std::uint64_t set) {
    std::vector<std::string> present;
    for (std::size_t bit = 0; bit < 64; ++bit) {
        if ((set >> bit & 1U) != 0) {
            present.push_back(bit < names.size() ? std::string(names[bit]) : std::to_string(bit));
        }
    }
    return present;
}

std::string capability_words(std::uint64_t set, unsigned last) {
    const std::uint64_t all = last >= 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (last + 1)) - 1;
    if (set == 0) {
        return "none";
    }
    if (set == all) {
        return "all " + std::to_string(last + 1);
    }
    const std::vector<std::string> absent = capability_names(all & ~set);
    constexpr std::size_t few = 5;
    std::string text = absent.size() <= few ? "all but" : "";
    for (const std::string& name : absent.size() <= few ? absent : capability_names(set)) {
        text += (text.empty() ? "" : " ") + name;
    }
    return text;
}

}  // namespace linx::cli
