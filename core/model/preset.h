/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Presets: what is known of a product or provider, as a file of option values that stand
 * in for those that a job does not give: presets/PLUGIN-NAME.xml in the folder of
 * schemas. A plugin takes part by an option with HAUL_OPT_PRESET.
 */
#pragma once

#include "model/job.h"

/* PRESET_NAMESPACE: of every element of a preset. */
#define PRESET_NAMESPACE "urn:mailhaul:preset:1"
/* PRESET_LIMIT_BYTES: one has 2 KiB. */
#define PRESET_LIMIT_BYTES (64 * 1024)
/* PRESET_LIMIT_FILES: of a folder; far more than there are products. */
#define PRESET_LIMIT_FILES 1000

/* PresetRole: the sides for which a value or note is meant. */
typedef enum
{
  PRESET_SOURCE = 1 << 0,
  PRESET_DESTINATION = 1 << 1,
} PresetRole;

/* PresetOption: one value. */
typedef struct
{
  char *name;
  char *value;
  char *reason;  /* where the value is from and why it is so; for people */
  guint32 roles; /* PresetRole */
  guint line;
} PresetOption;

/* PresetNote: a sentence that a person who uses the preset should read. */
typedef struct
{
  char *text;
  guint32 roles; /* PresetRole */
} PresetNote;

/* Preset: a file of them. Immutable. */
typedef struct
{
  char *file;
  char *plugin;
  char *name;
  char *summary;
  GPtrArray *options; /* of PresetOption */
  GPtrArray *notes;   /* of PresetNote */
} Preset;

/* preset_free: accepts NULL. */
void preset_free (Preset *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Preset, preset_free)

/*
 * preset_read: the preset in @file. Every mistake goes to @problems with its line.
 * Whether its options suit a plugin's table is found when they are used. Returns:
 * (transfer full); NULL when there were problems.
 */
Preset *preset_read (const char *file, Problems *problems);

/* preset_name_is_sane: @name can be that of a preset, a plugin or an option. */
gboolean preset_name_is_sane (const char *name);

/*
 * preset_find: the file of @plugin's preset @name, of MAILHAUL_SCHEMA_DIR or else of the
 * installed ones. Any text may be asked for. Returns: (transfer full); NULL: there is
 * none.
 */
char *preset_find (const char *plugin, const char *name);

/* preset_names: the names of @plugin's presets, sorted. (transfer full), g_strfreev() */
char **preset_names (const char *plugin);

/* preset_unknown: "unknown preset "gmial", did you mean "gmail"? Known are …" (transfer
 * full) */
char *preset_unknown (const char *plugin, const char *name);

/* preset_option: the row of @self for the plugin's @spec on the sides @roles, or NULL. */
const PresetOption *preset_option (const Preset *self, const HaulOptionSpec *spec,
                                   guint32 roles);

/* preset_role: PresetRole where options with @refused_flags are refused. */
guint32 preset_role (guint32 refused_flags);

/*
 * preset_of_element: the preset that @element of @job names for @account in the option
 * that @specs mark. *@out_preset: (transfer full); NULL: it names none. FALSE: it cannot
 * be had; said why in @problems.
 */
gboolean preset_of_element (const Job *job, const JobElement *element,
                            const JobAccount *account, const HaulOptionSpec *specs,
                            Preset **out_preset, Problems *problems);

/*
 * preset_add_values: appends to @values (of OptionValue) what @self (may be NULL) has for
 * each row of @specs that no value is for yet. They borrow from @self. FALSE: a mistake
 * in the preset, added to @problems.
 */
gboolean preset_add_values (const Preset *self, const HaulOptionSpec *specs,
                            guint32 refused_flags, GArray *values, Problems *problems);
