/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VNC client without a window: asks for every change, and notes the frame numbers that
 * ci/guest/pattern.hpp describes. Commands on standard input, each answered by one line of
 * JSON, as ci/client has them:
 *
 *   report  {"updates": finished updates, "bytes": received, "width": …, "height": …, "counter": …}
 *   seen    {"seen": [[microseconds of CLOCK_MONOTONIC, frame number], …]} since the last call
 *   quality {"quality": [[microseconds, frame number, dB], …], "exact_since": microseconds or -1}
 *   echo    presses and releases the key A, whose answer is to be noted
 *   echoes  {"echoes": [[microseconds pressed, shown], …]}
 */
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <linux/tcp.h>
#include <poll.h>
#include <rfb/rfbclient.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame-watch.hpp"
#include "picture.hpp"

namespace {

struct State {
    explicit State(rfbClient *client):
        watch([client](uint32_t lines) {
            const auto height = std::min<uint32_t>(lines, uint32_t(client->height));
            return picture_from_bgrx(client->frameBuffer, uint32_t(client->width), height,
                                     client->width * 4, false);
        })
    {
        watch.count();
    }

    uint64_t updates = 0;
    FrameWatch watch;
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
    state->watch.updated(now_us());
}

uint64_t received_bytes(const rfbClient *client)
{
    tcp_info info{};
    socklen_t size = sizeof(info);
    return getsockopt(client->sock, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ?
        info.tcpi_bytes_received : 0;
}

template <typename List, typename Print> void print_list(const List &list, Print print)
{
    printf("[");
    for (size_t i = 0; i < list.size(); i++) {
        printf("%s[", i ? ", " : "");
        print(list[i]);
        printf("]");
    }
    printf("]");
}

void press_for_echo(rfbClient *client, State *state)
{
    static constexpr uint32_t KEY = 'a'; /* an X11 keysym */
    state->watch.expect_echo(now_us());
    SendKeyEvent(client, KEY, TRUE);
    SendKeyEvent(client, KEY, FALSE);
}

void answer(const std::string &command, rfbClient *client, State *state)
{
    if (command == "report") {
        printf("{\"updates\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"width\": %d, \"height\": %d, "
               "\"counter\": %" PRId64 "}\n",
               state->updates, received_bytes(client), client->width, client->height,
               state->watch.number());
    } else if (command == "seen") {
        printf("{\"seen\": ");
        print_list(state->watch.take_seen(), [](const FrameWatch::Seen &one) {
            printf("%" PRId64 ", %" PRId64, one.at, one.number);
        });
        puts("}");
    } else if (command == "quality") {
        printf("{\"quality\": ");
        print_list(state->watch.take_compared(), [](const FrameWatch::Compared &one) {
            printf("%" PRId64 ", %" PRId64 ", %.3f", one.at, one.number, one.psnr);
        });
        printf(", \"exact_since\": %" PRId64 "}\n", state->watch.exact_since());
    } else if (command == "echo") {
        press_for_echo(client, state);
        puts("{}");
    } else if (command == "echoes") {
        printf("{\"echoes\": ");
        print_list(state->watch.take_echoes(), [](const FrameWatch::Echo &one) {
            printf("%" PRId64 ", %" PRId64, one.pressed, one.shown);
        });
        puts("}");
    } else {
        puts("{\"error\": \"unknown command\"}");
    }
    fflush(stdout);
}

/* False at the end of the input */
bool read_commands(std::string *input, rfbClient *client, State *state)
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
    const char *colon = argc == 2 || argc == 3 ? strrchr(argv[1], ':') : nullptr;
    if (!colon || (argc == 3 && !pattern_exists(argv[2]))) {
        fprintf(stderr, "Usage: spicegl-vnc-client HOST:PORT [PATTERN]; with the guest's PATTERN, pictures "
                        "are compared with it. Commands on standard input: report, seen, quality, echo, "
                        "echoes\n");
        return 2;
    }
    rfbClientLog = say_nothing;
    rfbClient *client = rfbGetClient(8, 3, 4);
    State state(client);
    if (argc == 3) {
        state.watch.compare_with(argv[2]);
    }
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
