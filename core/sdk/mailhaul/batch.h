/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batch objects: how many messages pass between engine and backend in one call. All are
 * opaque, owned by the engine, and used only inside the call that got them, on its
 * thread.
 */
#pragma once

#include <mailhaul/error.h>
#include <mailhaul/message.h>

G_BEGIN_DECLS

/* ---- fetch: a plan of messages to read, a sink for their bytes ---- */

/* HaulPlan: the messages that a fetch shall deliver. */
typedef struct _HaulPlan HaulPlan;
/* HaulSink: where a fetch delivers them. */
typedef struct _HaulSink HaulSink;

/* HaulPlanItem: one message of a plan. @key stands until the fetch returns. */
typedef struct
{
  HaulBytes key;
  guint64 size_bytes; /* a hint for cutting sets; HAUL_SIZE_UNKNOWN when not known */
} HaulPlanItem;

/*
 * haul_plan_next: takes the next message off @plan. A backend may run ahead as far as it
 * likes to fill its pipeline. FALSE: there are no more.
 */
HAUL_API gboolean haul_plan_next (HaulPlan *plan, HaulPlanItem *out_item);

/*
 * haul_plan_lines: the form that the other side can take. HAUL_LINES_ANY: the bytes may
 * be handed over as they are stored. HAUL_LINES_CRLF: they must be in wire form.
 */
HAUL_API HaulLines haul_plan_lines (HaulPlan *plan);

/*
 * haul_sink_begin: starts the message @key. One message at a time; the order is free.
 * @lines: the form of the bytes that follow (HAUL_LINES_ANY only if the plan allows it).
 * @size_bytes: exactly as many bytes will follow, in that form; HAUL_SIZE_UNKNOWN when
 * that is not known (the engine may then have to spool). May block: back-pressure.
 * FALSE: the fetch shall end now and return FALSE with this error.
 */
HAUL_API gboolean haul_sink_begin (HaulSink *sink, HaulBytes key, HaulLines lines,
                                   guint64 size_bytes, GError **error);

/* haul_sink_write: the next bytes. May block: that is the back-pressure. FALSE as above.
 */
HAUL_API gboolean haul_sink_write (HaulSink *sink, const void *data, gsize length,
                                   GError **error);

/*
 * haul_sink_buffer: memory of the engine, at least 1 byte long (*@out_length says), into
 * which the next bytes may be read directly; haul_sink_commit() then takes the first
 * @length of them. NULL with @error set as haul_sink_write(). May block.
 */
HAUL_API guint8 *haul_sink_buffer (HaulSink *sink, gsize *out_length, GError **error);
/* haul_sink_commit: see haul_sink_buffer(). */
HAUL_API gboolean haul_sink_commit (HaulSink *sink, gsize length, GError **error);

/* haul_sink_end: the message is whole. A length that differs from what was announced
 * fails the message (not the fetch). FALSE as above. */
HAUL_API gboolean haul_sink_end (HaulSink *sink, GError **error);

/*
 * haul_sink_fail: the message @key cannot be delivered, whether it was begun or not;
 * takes ownership of @reason, whose scope says what is broken (HAUL_ERROR_GONE: it no
 * longer exists). FALSE as above.
 */
HAUL_API gboolean haul_sink_fail (HaulSink *sink, HaulBytes key, GError *reason,
                                  GError **error);

/* haul_sink_room: bytes that can be written now without blocking. */
HAUL_API gsize haul_sink_room (HaulSink *sink);

/* ---- store: a feed of messages to write ---- */

/* HaulFeed: the messages that a store shall take. */
typedef struct _HaulFeed HaulFeed;
/* HaulItem: one message of a feed. */
typedef struct _HaulItem HaulItem;

/* HaulFeedResult: the answer of haul_feed_next(). */
typedef enum
{
  HAUL_FEED_ITEM = 0,    /* there is one */
  HAUL_FEED_PENDING = 1, /* none right now, more may come (only without wait) */
  HAUL_FEED_END = 2,     /* none will come: finish what is open and return */
} HaulFeedResult;

/* HaulReadResult: the answer of haul_item_read(). */
typedef enum
{
  HAUL_READ_DATA = 0,
  HAUL_READ_PENDING = 1, /* nothing right now (only without wait) */
  HAUL_READ_END = 2,     /* the whole message has been read */
  HAUL_READ_FAILED =
      3, /* the source broke off: forget this message, haul_feed_fail() it */
} HaulReadResult;

/*
 * haul_feed_next: the next message, in the order in which they shall be stored. Items may
 * be taken ahead, as many as the backend wants to batch; each must end in exactly one
 * haul_feed_done(), haul_feed_fail() or haul_feed_again(). With @wait the call blocks
 * until there is an item or the end. PENDING is the moment to make a batch durable: the
 * other side has nothing more right now. A backend that takes items ahead without reading
 * them may get PENDING in spite of @wait, from here and from haul_item_read(): the memory
 * for bodies is used up, it must first read or end what it has.
 */
HAUL_API HaulFeedResult haul_feed_next (HaulFeed *feed, gboolean wait,
                                        HaulItem **out_item);

/*
 * haul_feed_set_context: wakes @context (may be NULL: no more) whenever a call that
 * answered PENDING might now answer otherwise. (transfer none): the feed holds a
 * reference until another one is set or the call ends.
 */
HAUL_API void haul_feed_set_context (HaulFeed *feed, GMainContext *context);

/*
 * HaulReceipt: the proof that a message is stored *durably*.
 *
 * @note: what became of it otherwise than asked (a keyword that the folder does not take,
 * a date out of range, a repair), for the report: lines of UTF-8 without a name of the
 * message, so that equal ones are counted; NULL: nothing. (transfer none) Verification
 * excuses what a line tells of: one that begins with "flag", "keyword" or "date" tells of
 * these ("flags": of both), with "form" of line ends, NULs and headers of an mbox, any
 * other of the content.
 */
typedef struct
{
  gsize struct_size;
  HaulBytes key;        /* its key at the destination; empty when unknown */
  guint64 uid_validity; /* under which the key stands; 0 when not applicable */
  const char *note;
} HaulReceipt;

/* HAUL_RECEIPT_INIT: a zeroed HaulReceipt with its size filled in. */
#define HAUL_RECEIPT_INIT                                                                \
  {                                                                                      \
    .struct_size = sizeof (HaulReceipt)                                                  \
  }

/* haul_feed_done: @item is stored and would survive a power cut. The item is gone after.
 */
HAUL_API void haul_feed_done (HaulFeed *feed, HaulItem *item, const HaulReceipt *receipt);

/* haul_feed_fail: @item is certainly *not* stored; takes ownership of @reason. */
HAUL_API void haul_feed_fail (HaulFeed *feed, HaulItem *item, GError *reason);

/*
 * haul_feed_again: @item is certainly not stored and shall be offered again, alone, with
 * its body read anew, for instance since its whole batch was refused. The next offer's
 * haul_item_attempt() is one higher. The engine gives up after 5.
 */
HAUL_API void haul_feed_again (HaulFeed *feed, HaulItem *item);

/*
 * haul_feed_note: hands @data (at most 64 KiB) to the engine, which commits it before the
 * call returns, so that it survives the death of the process; after an unclean end the
 * backend's `recover` gets the last note of the folder. It replaces the earlier note.
 * FALSE with @error set: make no effect that depends on it.
 */
HAUL_API gboolean haul_feed_note (HaulFeed *feed, HaulPath folder, HaulBytes data,
                                  GError **error);

/* haul_item_folder: where it shall be stored; stands as long as the item. */
HAUL_API HaulPath haul_item_folder (const HaulItem *item);
/* haul_item_lines: the form of its bytes (ANY only if the backend has
 * HAUL_CAP_ANY_LINES). */
HAUL_API HaulLines haul_item_lines (const HaulItem *item);
/* haul_item_size: the bytes to be read in that form; never unknown for a backend with
 * HAUL_CAP_NEEDS_SIZE. */
HAUL_API guint64 haul_item_size (const HaulItem *item);
/* haul_item_flags: HaulFlags. */
HAUL_API guint32 haul_item_flags (const HaulItem *item);
/* haul_item_keywords: NULL-terminated, never NULL; (transfer none). */
HAUL_API const char *const *haul_item_keywords (const HaulItem *item);
/* haul_item_date: INTERNALDATE; FALSE when unknown. @out_zone_minutes may be NULL. */
HAUL_API gboolean haul_item_date (const HaulItem *item, gint64 *out_unix,
                                  gint32 *out_zone_minutes);
/*
 * haul_item_delivery_id: 16 bytes that are the same whenever this message of this source
 * is stored into this folder. A backend that can write them beside the message without
 * changing it (into a file's name) has HAUL_CAP_KEEPS_ID and gives them back in scans.
 */
HAUL_API const guint8 *haul_item_delivery_id (const HaulItem *item);
/* haul_item_attempt: 1 for the first offer. */
HAUL_API guint haul_item_attempt (const HaulItem *item);
/* haul_item_is_whole: its remaining bytes are all in memory: reading cannot block or
 * fail. */
HAUL_API gboolean haul_item_is_whole (const HaulItem *item);
/*
 * haul_item_read: the next bytes into @out_span, which stands until the next call for
 * this item. On HAUL_READ_FAILED @error is set.
 */
HAUL_API HaulReadResult haul_item_read (HaulItem *item, gboolean wait,
                                        HaulBytes *out_span, GError **error);

G_END_DECLS
