/// CLI11 as linx uses it: the parser alone. The only place that includes CLI11, to be included by one
/// source file.
///
/// Without <iostream>. libstdc++'s puts a static ios_base::Init into every file that includes it, which
/// sets up eight streams and a locale before main: more than all else that `linx --version` does. CLI11
/// includes it for std::cout and std::cerr in functions that linx never calls. So its include guard is
/// defined here, and the streams are declared as it would declare them; nothing refers to them, and a
/// test looks at the binary. With another standard library nothing is kept out.
///
/// Without its help writer and its configuration files, which every CLI::App carries along behind
/// virtual functions: linx writes its help from its own tables and reads no configuration. They are
/// defined here to do nothing, in place of CLI/Formatter.hpp and CLI/Config.hpp.
#pragma once

#include <version>

#ifdef __GLIBCXX__
#ifndef _GLIBCXX_IOSTREAM
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier): it is libstdc++'s own
#include <istream>
#include <ostream>
namespace std {
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std
#endif
#endif

/// Its file validators would link in std::filesystem.
#define CLI11_HAS_FILESYSTEM 0

#include <CLI/App.hpp>

namespace CLI {

// NOLINTBEGIN(performance-unnecessary-value-param): the signatures are CLI11's.
inline std::string ConfigBase::to_config(const App*, bool, bool, std::string) const {
    return {};
}
inline std::vector<ConfigItem> ConfigBase::from_config(std::istream&) const {
    return {};
}

inline std::string Formatter::make_group(std::string, bool, std::vector<const Option*>) const {
    return {};
}
inline std::string Formatter::make_positionals(const App*) const {
    return {};
}
inline std::string Formatter::make_subcommands(const App*, AppFormatMode) const {
    return {};
}
inline std::string Formatter::make_subcommand(const App*) const {
    return {};
}
inline std::string Formatter::make_expanded(const App*) const {
    return {};
}
inline std::string Formatter::make_footer(const App*) const {
    return {};
}
inline std::string Formatter::make_description(const App*) const {
    return {};
}
inline std::string Formatter::make_usage(const App*, std::string) const {
    return {};
}
inline std::string Formatter::make_help(const App*, std::string, AppFormatMode) const {
    return {};
}
inline std::string Formatter::make_option_name(const Option*, bool) const {
    return {};
}
inline std::string Formatter::make_option_opts(const Option*) const {
    return {};
}
inline std::string Formatter::make_option_desc(const Option*) const {
    return {};
}
inline std::string Formatter::make_option_usage(const Option*) const {
    return {};
}
// NOLINTEND(performance-unnecessary-value-param)

}  // namespace CLI
