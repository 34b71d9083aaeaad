/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The three-way merge of flags and keywords, as algebra of sets. Who applies the outcome
 * and records it is update.c. Pure: any thread.
 */
#include "engine/flags.h"

#include "model/keywords.h"

static const char *
words_of (const FlagsView *view)
{
  return view->keywords != NULL ? view->keywords : "";
}

/* What the source wants to be set and cleared, whatever the destination has. */
typedef struct
{
  guint32 set_flags;
  guint32 clear_flags;
  char *set_keywords;
  char *clear_keywords;
} Wish;

/* Since the last sync, or all that it has at the first meeting. */
static Wish
wish_of_changes (const FlagsView *source, const FlagsView *last)
{
  static const FlagsView nothing = { 0, "" };
  const FlagsView *before = last != NULL ? last : &nothing;
  return (
      Wish){ .set_flags = source->flags & ~before->flags,
             .clear_flags = before->flags & ~source->flags,
             .set_keywords = keywords_minus (words_of (source), words_of (before)),
             .clear_keywords = keywords_minus (words_of (before), words_of (source)) };
}

static Wish
wish_of_all (const FlagsView *source, const FlagsView *destination)
{
  return (Wish){ .set_flags = source->flags,
                 .clear_flags = ~source->flags,
                 .set_keywords = g_strdup (words_of (source)),
                 .clear_keywords = keywords_minus (words_of (destination),
                                                   words_of (source)) };
}

void
flags_merge (const FlagsInput *input, FlagsMerge *out)
{
  static const FlagsView nothing = { 0, "" };
  const FlagsView *source = &input->source;
  const FlagsView *last = input->last;
  const FlagsView *destination = input->destination != NULL ? input->destination
                                 : last != NULL             ? last
                                                            : &nothing;
  if (input->policy == JOB_FLAGS_NEW_ONLY)
    {
      const FlagsView *kept = last != NULL ? last : source;
      *out = (FlagsMerge){ .add_keywords = g_strdup (""),
                           .remove_keywords = g_strdup (""),
                           .synced_flags = kept->flags & HAUL_FLAGS_ALL,
                           .synced_keywords = g_strdup (words_of (kept)) };
      return;
    }
  Wish wish = input->policy == JOB_FLAGS_SOURCE ? wish_of_all (source, destination)
                                                : wish_of_changes (source, last);
  g_autofree char *set = wish.set_keywords;
  g_autofree char *clear = wish.clear_keywords;
  g_autofree char *cleared_already = keywords_minus (clear, words_of (destination));
  *out = (FlagsMerge){
    .add_flags = wish.set_flags & ~destination->flags & HAUL_FLAGS_ALL,
    .remove_flags = wish.clear_flags & destination->flags & HAUL_FLAGS_ALL,
    .add_keywords = keywords_minus (set, words_of (destination)),
    .remove_keywords = keywords_minus (clear, cleared_already),
    .synced_flags = source->flags & HAUL_FLAGS_ALL,
    .synced_keywords = g_strdup (words_of (source)),
  };
}

gboolean
flags_merge_is_empty (const FlagsMerge *self)
{
  return self->add_flags == 0 && self->remove_flags == 0 && self->add_keywords[0] == '\0'
         && self->remove_keywords[0] == '\0';
}

void
flags_merge_clear (FlagsMerge *self)
{
  g_clear_pointer (&self->add_keywords, g_free);
  g_clear_pointer (&self->remove_keywords, g_free);
  g_clear_pointer (&self->synced_keywords, g_free);
}
