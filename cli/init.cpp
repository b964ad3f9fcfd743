/// `linx init`: linx becomes linx-init.
#include "cli/entries.hpp"
#include "cli/voice.hpp"
#include "launch/init_image.hpp"

#include <string>
#include <vector>

#include <unistd.h>

namespace linx::cli {

int init(Arguments words) {
    std::vector<std::string> all{"linx-init"};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : all) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    complain(Error{.stage = Stage::exec_init,
                   .errnum = launch::execute_init(argv.data(), environ),
                   .detail = {},
                   .hint = {}});
    return exit_failed;
}

}  // namespace linx::cli
