/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VNC client without a window: asks for every change, and notes the frame numbers that
 * ci/guest/pattern.hpp describes. Commands on standard input, each answered by one line of
 * JSON, as ci/client has them:
 *
 *   report  {"updates": finished updates, "bytes": received, "width": …, "height": …}
 *   seen    {"seen": [[microseconds of CLOCK_MONOTONIC, frame number], …]} since the last call
 */
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <linux/tcp.h>
#include <poll.h>
#include <rfb/rfbclient.h>
#include <sys/socket.h>
#include <unistd.h>

#include "picture.hpp"

namespace {

struct Seen {
    int64_t at, number;
};

struct State {
    uint64_t updates = 0;
    int64_t counter = -1;
    std::vector<Seen> seen;
};

int tag; /* its address names the client's data */

int64_t now_us()
{
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

void updated(rfbClient *client)
{
    auto state = static_cast<State *>(rfbClientGetClientData(client, &tag));
    state->updates++;
    if (client->height < static_cast<int>(COUNTER_LINES)) {
        return;
    }
    const int64_t number = read_counter(picture_from_bgrx(
        client->frameBuffer, client->width, COUNTER_LINES, client->width * 4, false));
    if (number >= 0 && number != state->counter) {
        state->counter = number;
        state->seen.push_back({ now_us(), number });
    }
}

uint64_t received_bytes(const rfbClient *client)
{
    tcp_info info{};
    socklen_t size = sizeof(info);
    return getsockopt(client->sock, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ?
        info.tcpi_bytes_received : 0;
}

void answer(const std::string &command, const rfbClient *client, State *state)
{
    if (command == "report") {
        printf("{\"updates\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"width\": %d, \"height\": %d}\n",
               state->updates, received_bytes(client), client->width, client->height);
    } else if (command == "seen") {
        printf("{\"seen\": [");
        for (size_t i = 0; i < state->seen.size(); i++) {
            printf("%s[%" PRId64 ", %" PRId64 "]", i ? ", " : "", state->seen[i].at,
                   state->seen[i].number);
        }
        puts("]}");
        state->seen.clear();
    } else {
        puts("{\"error\": \"unknown command\"}");
    }
    fflush(stdout);
}

/* False at the end of the input */
bool read_commands(std::string *input, const rfbClient *client, State *state)
{
    char chunk[256];
    const ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
    if (n <= 0) {
        return false;
    }
    input->append(chunk, n);
    for (size_t end; (end = input->find('\n')) != std::string::npos; input->erase(0, end + 1)) {
        answer(input->substr(0, end), client, state);
    }
    return true;
}

void say_nothing(const char *, ...)
{
}

/* Until the input or the connection ends */
bool serve(rfbClient *client, State *state)
{
    std::string input;
    for (;;) {
        pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { client->sock, POLLIN, 0 } };
        if (poll(fds, 2, -1) < 0) {
            return false;
        }
        if (fds[1].revents) {
            /* libvncclient has a buffer of its own that poll() does not see */
            do {
                if (!HandleRFBServerMessage(client)) {
                    fprintf(stderr, "spicegl-vnc-client: the server is gone\n");
                    return false;
                }
            } while (client->buffered > 0);
        }
        if (fds[0].revents && !read_commands(&input, client, state)) {
            return true;
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    const char *colon = argc == 2 ? strrchr(argv[1], ':') : nullptr;
    if (!colon) {
        fprintf(stderr, "Usage: spicegl-vnc-client HOST:PORT; commands on standard input: report, seen\n");
        return 2;
    }
    rfbClientLog = say_nothing;
    rfbClient *client = rfbGetClient(8, 3, 4);
    State state;
    /* B G R and a fourth byte in memory */
    client->format.redShift = 16;
    client->format.greenShift = 8;
    client->format.blueShift = 0;
    client->appData.encodingsString = "tight zrle hextile raw";
    client->serverHost = strndup(argv[1], colon - argv[1]);
    client->serverPort = atoi(colon + 1);
    client->FinishedFrameBufferUpdate = updated;
    rfbClientSetClientData(client, &tag, &state);
    if (!rfbInitClient(client, nullptr, nullptr)) { /* has freed it */
        fprintf(stderr, "spicegl-vnc-client: cannot connect to %s\n", argv[1]);
        return 1;
    }
    const bool good = serve(client, &state);
    rfbClientCleanup(client);
    return good ? 0 : 1;
}
