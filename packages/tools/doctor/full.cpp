/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "full.hpp"

#include <unistd.h>

#include <glib.h>

#include "../failure.hpp"
#include "../process.hpp"
#include "../waiting.hpp"

/* Seconds: a guest boots, on an emulated CPU; many single operations */
constexpr double LONGEST = 300;

std::string program_near(const std::string &folder, const std::string &name)
{
    const std::string beside = folder + "/" + name;
    if (!folder.empty() && access(beside.c_str(), X_OK) == 0) {
        return beside;
    }
    gchar *found = g_find_program_in_path(name.c_str());
    const std::string path = found ? found : name;
    g_free(found);
    return path;
}

static std::string trimmed(std::string text)
{
    text.erase(text.find_last_not_of(" \n") + 1);
    return text;
}

static Finding report(const std::string &folder, const std::string &name, const std::vector<std::string> &options)
{
    const std::string program = program_near(folder, name);
    if (program == name) {
        return {State::warning, name, "not installed", "build an archive that contains it: scripts/package tar"};
    }
    std::vector<std::string> words = {program};
    words.insert(words.end(), options.begin(), options.end());
    try {
        Process process({words});
        const bool ended = process.ends_until(now() + LONGEST);
        const std::string said = trimmed(process.out() + process.err());
        if (!ended) {
            return {State::problem, name, "not finished after 300 s\n" + said, "run it manually"};
        }
        if (process.status() != 0) {
            return {State::problem, name, "exited with status " + std::to_string(process.status()) + "\n" + said,
                    "see its messages above"};
        }
        return {State::ok, name, "\n" + said, ""};
    } catch (const Failure &failure) {
        return {State::problem, name, failure.what(), "unpack the archive again"};
    }
}

Findings full_report(const std::string &folder, const std::string &node)
{
    std::vector<std::string> micro;
    if (!node.empty()) {
        micro.push_back("--render-node=" + node);
    }
    return {report(folder, "spicegl-try", {}), report(folder, "spicegl-micro", micro)};
}
