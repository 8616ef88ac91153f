/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Remote clients while their picture moves and the display's card encodes it:
 *
 *   still ──motion──▶ starting ──first frame──▶ moving ──motion stops──▶ still
 *     ▲                   │                        │
 *     └── software for good ◀── the path fails ────┘
 *
 * A moving client gets the stream and no pictures; any other gets pictures as software clients do.
 * What comes out of encoders, in whatever thread, is taken by work().
 *
 * Display worker's thread, unless said otherwise.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "display-channel.h"
#include "gl-context.hpp"
#include "gl-drawn-motion.hpp"
#include "gl-hw-card.hpp"
#include "gl-hw-encoder.hpp"
#include "gl-image.hpp"
#include "gl-remote.hpp"

namespace red {

class GlHardware
{
public:
    class User
    {
    public:
        /* Any thread: work() has something to do */
        virtual void hardware_has_news() = 0;
        /* These clients get pictures again, and have to have all of the present one */
        virtual void hardware_gave_back(const std::list<DisplayChannelClient *> &clients) = 0;
        /* A client has begun to move: it gets no pictures */
        virtual void hardware_took_over(DisplayChannelClient *dcc) = 0;
        virtual void hardware_exported() = 0;
        /* From now on what is drawn into is to be exported, or not any more */
        virtual void hardware_wants_dmabufs(bool wants) = 0;

    protected:
        ~User() = default;
    };

    GlHardware(User &user, const GlContext &context);
    ~GlHardware();

    /* Main thread, before there are clients: opens the encoders of the display's card */
    void open(int display_id);

    /* REMOTE: has the client's link; goes after remove() */
    void add(DisplayChannelClient *dcc, GlRemote *remote);
    void remove(DisplayChannelClient *dcc);
    /* The same, for one that is to be told the end of its stream; it wants no pictures */
    void leave(DisplayChannelClient *dcc);
    /* Does it have to be told of draws? */
    bool any() const { return !clients.empty(); }
    /* It gets the stream, and no pictures */
    bool moves(const DisplayChannelClient *dcc) const;
    unsigned int num_moving() const;
    /* Its video will come from the card: no other stream is for it */
    bool serves(DisplayChannelClient *dcc);

    /* A picture of so many pixels has changed */
    void changed(uint64_t pixels);
    /* Any thread: the guest draws so many pixels */
    void draws(uint64_t pixels);
    /* What the guest has drawn into SCANOUT is there: the GPU is done with it */
    void drawn(const GlScanout &scanout);
    /* False: it is not about one of these streams */
    bool reported(DisplayChannelClient *dcc, const SpiceMsgcDisplayStreamReport &report);
    /* The picture's size or place changes: what moves begins anew. Before clients hear of it. */
    void scanout_changes();
    void work();
    /* Before the worker's end, which waits for encoders */
    void stop();

private:
    struct Client;
    struct Inbox;

    Client *find(const DisplayChannelClient *dcc);
    std::list<DisplayChannelClient *> all() const;
    SpiceVideoCodecType codec_for(DisplayChannelClient *dcc) const;
    void begin(Client &client, const GlScanout &scanout);
    bool is_early(const Client &client, uint64_t now_ns) const;
    bool push(Client &client, const GlScanout &scanout);
    void send_frames(Client &client);
    void end(Client &client);
    void fail(Client &client, const std::string &why);
    void follow_link(Client &client);
    void push_missed();
    void watch();
    static void look(GlHardware *hardware);

    User &user;
    const GlContext &context;
    int id = 0;
    std::shared_ptr<GlHwCard> card;
    std::list<std::unique_ptr<Client>> clients; /* that have not failed */
    GlDrawnMotion motion;
    GlScanout shown;                            /* while something moves */
    SpiceTimer *timer = nullptr;
};

} // namespace red
