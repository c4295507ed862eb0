/* Who asks. A service without a token file knows one person, who may do all: the one at its
 * machine. */
#pragma once

#include "base/str.h"

/* What one may do; each may do what those before it may, too. */
typedef enum Role {
    ROLE_NONE,    /* nobody has it, and it lets nobody in */
    ROLE_VIEWER,  /* reads */
    ROLE_ANALYST, /* also decides alerts, asks by a card's number, sees a whole one */
    ROLE_ADMIN,   /* also sends transactions and labels, changes models, runs pipelines */
} Role;

typedef struct Identity {
    const char *name; /* UTF-8 */
    Role role;
} Identity;

static inline const char *role_name(Role role) {
    static const char *const names[] = {"none", "viewer", "analyst", "admin"};
    return names[role];
}

/* ROLE_NONE for what is no role's name. */
static inline Role role_find(Str name) {
    for (Role role = ROLE_VIEWER; role <= ROLE_ADMIN; role++)
        if (str_equal(name, str_from(role_name(role)))) return role;
    return ROLE_NONE;
}
