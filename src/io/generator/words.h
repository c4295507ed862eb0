/* The words that names, places, streets and jobs are made of, and where the states lie. People,
 * towns and merchants are invented; states, their share of the people and their ZIP ranges are
 * real, so that a map of the data looks like the country. */
#pragma once

#include <stddef.h>

/* A list of words with its length. */
typedef struct Words {
    const char *const *words;
    size_t count;
} Words;

extern const Words first_names_female, first_names_male;
extern const Words name_heads, name_tails;     /* surnames: Ald + berg */
extern const Words town_heads, town_tails;     /* towns: Oak + field */
extern const Words town_prefixes;              /* "Lake", "New", ... */
extern const Words street_names, street_kinds; /* Juniper + Lane */
extern const Words job_fields, job_roles;      /* Marine + surveyor */
extern const Words company_kinds;              /* Inc, Ltd, ... */

/* Part of a state without water or a neighbour in it, in degrees. */
typedef struct Region {
    const char *state; /* postal code */
    int people;        /* about how many ten thousands live there */
    double south, north, west, east;
    int zip_low, zip_high; /* first three digits, both included */
} Region;

extern const Region regions[];
extern const size_t region_count;
