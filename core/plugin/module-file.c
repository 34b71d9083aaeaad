/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks that a module's file is as long as its ELF headers say. Whether it can be linked
 * is the dynamic linker's to say, whether it is a plugin is plugin-check.c's. Any thread.
 */
#include "module-file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mailhaul/error.h>

#if GLIB_SIZEOF_VOID_P == 8
#define NATIVE_CLASS ELFCLASS64
typedef Elf64_Ehdr FileHeader;
typedef Elf64_Phdr SegmentHeader;
#else
#define NATIVE_CLASS ELFCLASS32
typedef Elf32_Ehdr FileHeader;
typedef Elf32_Phdr SegmentHeader;
#endif

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define NATIVE_ORDER ELFDATA2LSB
#else
#define NATIVE_ORDER ELFDATA2MSB
#endif

static gboolean
refuse (GError **error, const char *file, const char *reason)
{
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "load plugin '%s': %s",
                         file, reason);
}

/* Reads exactly @length bytes at @offset. */
static gboolean
read_at (int fd, guint64 offset, void *out, gsize length)
{
  guint8 *bytes = out;

  while (length > 0)
    {
      gssize count = pread (fd, bytes, length, (off_t) offset);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return FALSE;
      bytes += count;
      offset += (guint64) count;
      length -= (gsize) count;
    }
  return TRUE;
}

static gboolean
lies_inside (guint64 size, guint64 offset, guint64 length)
{
  return offset <= size && length <= size - offset;
}

/* The file holds its tables and every segment that would be mapped. */
static gboolean
is_whole (int fd, const FileHeader *header, guint64 size)
{
  guint64 sections = (guint64) header->e_shnum * header->e_shentsize;

  if (header->e_shoff != 0 && !lies_inside (size, header->e_shoff, sections))
    return FALSE;
  for (guint i = 0; i < header->e_phnum; i++)
    {
      guint64 at = header->e_phoff + (guint64) i * header->e_phentsize;
      SegmentHeader segment = { 0 };

      if (!lies_inside (size, at, sizeof segment)
          || !read_at (fd, at, &segment, sizeof segment)
          || !lies_inside (size, segment.p_offset, segment.p_filesz))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_open_file (int fd, const char *file, GError **error)
{
  FileHeader header = { 0 };
  struct stat status = { 0 };

  if (fstat (fd, &status) != 0)
    return refuse (error, file, g_strerror (errno));
  if (!S_ISREG (status.st_mode))
    return refuse (error, file, "not a regular file");
  if (status.st_size == 0)
    return refuse (error, file, "the file is empty");
  if (!read_at (fd, 0, header.e_ident, SELFMAG)
      || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0)
    return refuse (error, file, "not a module (no ELF file)");
  if (!read_at (fd, 0, &header, sizeof header))
    return refuse (error, file, "the file is truncated");
  if (header.e_ident[EI_CLASS] != NATIVE_CLASS || header.e_ident[EI_DATA] != NATIVE_ORDER)
    return TRUE;
  if (!is_whole (fd, &header, (guint64) status.st_size))
    return refuse (error, file, "the file is truncated");
  return TRUE;
}

gboolean
module_file_check (const char *file, GError **error)
{
  /* Not blocking: it might be a FIFO. */
  int fd = open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    return refuse (error, file, g_strerror (errno));
  gboolean good = check_open_file (fd, file, error);
  close (fd);
  return good;
}
