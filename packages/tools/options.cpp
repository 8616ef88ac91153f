/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.hpp"

#include <clocale>
#include <cstdio>
#include <cstdlib>

#include "failure.hpp"
#include "waiting.hpp"

std::vector<std::string> parse(const CommandLine &line, int argc, char **argv)
{
    /* Of the locale, only the character set, in which help is printed; numbers stay as they are */
    setlocale(LC_CTYPE, "");
    auto entries = line.entries;
    entries.push_back({nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr});
    GOptionContext *context = g_option_context_new(line.usage.c_str());
    g_option_context_set_summary(context, line.summary.c_str());
    g_option_context_add_main_entries(context, entries.data(), nullptr);
    GError *error = nullptr;
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        usage_error(error->message);
    }
    g_option_context_free(context);
    std::vector<std::string> rest(argv + 1, argv + argc);
    if (!rest.empty() && rest[0] == "--") {
        rest.erase(rest.begin());
    }
    return rest;
}

void usage_error(const std::string &why)
{
    fprintf(stderr, "%s: %s; see --help\n", g_get_prgname(), why.c_str());
    exit(2);
}

std::string taken(gchar *text)
{
    const std::string copy = text ? text : "";
    g_free(text);
    return copy;
}

std::vector<std::string> taken(gchar **texts)
{
    std::vector<std::string> copies;
    for (gchar **text = texts; text && *text; text++) {
        copies.push_back(*text);
    }
    g_strfreev(texts);
    return copies;
}

int guarded(const std::function<int()> &work)
{
    let_signals_end_waits();
    try {
        return work();
    } catch (const Failure &failure) {
        fprintf(stderr, "%s: %s\n", g_get_prgname(), failure.what());
        return 1;
    } catch (const Interrupted &interrupted) {
        return 128 + interrupted.signal;
    }
}
