/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.hpp"

#include <cstdlib>
#include <map>
#include <sstream>

#include "pattern.hpp"

const char *const OPTIONS_HELP =
    "  pattern=NAME        corners, gradient, counter, cells, band, motion, window, small or\n"
    "                      still (default: corners)\n"
    "  size=WxH            size of each head in pixels (default: 1280x720)\n"
    "  rate=N              frames a second, 0: as fast as possible (60)\n"
    "  flips=N             frames to show before holding; 0: none (forever)\n"
    "  heads=N             1 to 16 (1)\n"
    "  shared=0|1|column|grid   heads are parts of one framebuffer, 1: side by side (0)\n"
    "  memory=dumb|texture|texture-up   virgl textures: top line first, or last (dumb)\n"
    "  buffers=N           1 to 8 buffers per head (2)\n"
    "  mode=flip|dirty     page flips, or one buffer and DIRTYFB (flip)\n"
    "  cursor=0|1          a 64x64 pointer (0)\n"
    "  sync=0|1            wait until the host has taken each frame; needs virgl (0)\n"
    "  gap=MS              report frames that come later than this after the previous one (100)\n"
    "  resize=WxH,WxH...   sizes to change to, in turn\n"
    "  resize-every=N      frames between two sizes (60)\n"
    "  input=0|1           report input events as \"key CODE\" and \"pointer X Y\" (0)\n"
    "  echo=0|1            with input=1: show a 64x64 square at each head's lower left, which\n"
    "                      each key switches between black and white in the next frame (0)\n"
    "  wait=0|1            leave the screen alone until the command \"start\" (0)\n"
    "  end=hold|reboot|poweroff   what to do after the last frame (hold)\n";

static bool parse_number(const std::string &text, uint32_t low, uint32_t high, uint32_t *number)
{
    char *end = nullptr;
    if (text.empty() || text[0] < '0' || text[0] > '9') {
        return false;
    }
    const unsigned long long value = strtoull(text.c_str(), &end, 10);
    if (*end || value < low || value > high) {
        return false;
    }
    *number = value;
    return true;
}

static bool parse_flag(const std::string &text, bool *flag)
{
    uint32_t number = 0;
    if (!parse_number(text, 0, 1, &number)) {
        return false;
    }
    *flag = number != 0;
    return true;
}

static bool parse_layout(const std::string &text, Layout *layout)
{
    static const std::map<std::string, Layout> names = {
        {"0", Layout::Apart}, {"1", Layout::Row}, {"column", Layout::Column}, {"grid", Layout::Grid},
    };
    const auto found = names.find(text);
    if (found != names.end()) {
        *layout = found->second;
    }
    return found != names.end();
}

bool parse_memory(const std::string &text, Memory *memory)
{
    static const std::map<std::string, Memory> names = {
        {"dumb", Memory::Dumb}, {"texture", Memory::Texture}, {"texture-up", Memory::TextureUp},
    };
    const auto found = names.find(text);
    if (found != names.end()) {
        *memory = found->second;
    }
    return found != names.end();
}

bool parse_size(const std::string &text, Size *size)
{
    const auto cross = text.find('x');
    Size parsed;
    if (cross == std::string::npos ||
        !parse_number(text.substr(0, cross), 1, 16384, &parsed.width) ||
        !parse_number(text.substr(cross + 1), 1, 16384, &parsed.height)) {
        return false;
    }
    *size = parsed;
    return true;
}

static bool parse_sizes(const std::string &text, std::vector<Size> *sizes)
{
    std::istringstream words(text);
    std::string word;
    sizes->clear();
    while (std::getline(words, word, ',')) {
        Size size;
        if (!parse_size(word, &size)) {
            return false;
        }
        sizes->push_back(size);
    }
    return true;
}

bool Options::set(const std::string &key, const std::string &value, std::string *why)
{
    bool good = true;
    uint32_t number = 0;

    if (key == "pattern") {
        good = pattern_exists(value);
        pattern = good ? value : pattern;
    } else if (key == "size") {
        good = parse_size(value, &size);
    } else if (key == "rate") {
        good = parse_number(value, 0, 10000, &rate);
    } else if (key == "flips") {
        if (value == "forever") {
            flips = FOREVER;
        } else if ((good = parse_number(value, 0, UINT32_MAX, &number))) {
            flips = number;
        }
    } else if (key == "heads") {
        good = parse_number(value, 1, 16, &heads);
    } else if (key == "buffers") {
        good = parse_number(value, 1, 8, &buffers);
    } else if (key == "shared") {
        good = parse_layout(value, &layout);
    } else if (key == "memory") {
        good = parse_memory(value, &memory);
    } else if (key == "cursor") {
        good = parse_flag(value, &cursor);
    } else if (key == "sync") {
        good = parse_flag(value, &sync);
    } else if (key == "gap") {
        good = parse_number(value, 1, 1000000, &gap);
    } else if (key == "input") {
        good = parse_flag(value, &input);
    } else if (key == "echo") {
        good = parse_flag(value, &echo);
    } else if (key == "wait") {
        good = parse_flag(value, &wait);
    } else if (key == "mode") {
        good = value == "flip" || value == "dirty";
        mode = value == "dirty" ? Mode::Dirty : Mode::Flip;
    } else if (key == "resize") {
        good = parse_sizes(value, &resizes);
    } else if (key == "resize-every") {
        good = parse_number(value, 1, 1000000, &resize_every);
    } else if (key == "end") {
        good = value == "hold" || value == "reboot" || value == "poweroff";
        end = good ? value : end;
    } else {
        *why = "unknown option: " + key;
        return false;
    }
    if (!good) {
        *why = "invalid value for " + key + ": " + value;
    }
    return good;
}

bool Options::parse_kernel(const std::string &cmdline, std::string *why)
{
    static const std::string prefix = "spicegl.";
    std::istringstream words(cmdline);
    std::string word;
    while (words >> word) {
        if (word.compare(0, prefix.size(), prefix) != 0) {
            continue;
        }
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            *why = "option without a value: " + word;
            return false;
        }
        if (!set(word.substr(prefix.size(), equals - prefix.size()), word.substr(equals + 1), why)) {
            return false;
        }
    }
    return true;
}
