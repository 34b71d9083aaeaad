/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fixed names of flags (RFC 3501 §2.3.2) and special uses (RFC 6154, RFC 8457), and
 * the rule for keywords. Any thread.
 */
#include <mailhaul/message.h>

#include <string.h>

/* Longer keywords are refused by too many servers to be worth sending. */
#define KEYWORD_LIMIT_BYTES 50

typedef struct
{
  guint32 bit;
  const char *name;
} BitName;

static const BitName flag_names[] = {
  { HAUL_FLAG_SEEN, "\\Seen" },       { HAUL_FLAG_ANSWERED, "\\Answered" },
  { HAUL_FLAG_FLAGGED, "\\Flagged" }, { HAUL_FLAG_DELETED, "\\Deleted" },
  { HAUL_FLAG_DRAFT, "\\Draft" },
};

static const BitName use_names[] = {
  { HAUL_USE_ALL, "all" },       { HAUL_USE_ARCHIVE, "archive" },
  { HAUL_USE_DRAFTS, "drafts" }, { HAUL_USE_FLAGGED, "flagged" },
  { HAUL_USE_JUNK, "junk" },     { HAUL_USE_SENT, "sent" },
  { HAUL_USE_TRASH, "trash" },   { HAUL_USE_IMPORTANT, "important" },
};

static const char *
name_of (const BitName *names, gsize count, guint32 bit)
{
  for (gsize i = 0; i < count; i++)
    if (names[i].bit == bit)
      return names[i].name;
  return NULL;
}

static guint32
bit_of (const BitName *names, gsize count, const char *name)
{
  for (gsize i = 0; i < count; i++)
    if (g_ascii_strcasecmp (names[i].name, name) == 0)
      return names[i].bit;
  return 0;
}

const char *
haul_flag_name (HaulFlags flag)
{
  return name_of (flag_names, G_N_ELEMENTS (flag_names), flag);
}

guint32
haul_flag_from_name (const char *name)
{
  g_return_val_if_fail (name != NULL, 0);
  return bit_of (flag_names, G_N_ELEMENTS (flag_names), name);
}

gboolean
haul_keyword_is_valid (const char *word)
{
  g_return_val_if_fail (word != NULL, FALSE);
  gsize length = 0;

  for (; word[length] != '\0' && length <= KEYWORD_LIMIT_BYTES; length++)
    {
      guchar c = (guchar) word[length];
      if (c <= 0x20 || c >= 0x7f || strchr ("(){%*\"\\]", c) != NULL)
        return FALSE;
    }
  return length > 0 && length <= KEYWORD_LIMIT_BYTES;
}

const char *
haul_special_use_name (HaulSpecialUse use)
{
  return name_of (use_names, G_N_ELEMENTS (use_names), use);
}

guint32
haul_special_use_from_name (const char *name)
{
  g_return_val_if_fail (name != NULL, 0);
  return bit_of (use_names, G_N_ELEMENTS (use_names), name[0] == '\\' ? name + 1 : name);
}
