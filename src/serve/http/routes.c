#include "serve/http/routes.h"

#include "serve/http/endpoints.h"
#include "serve/page.h"

static const Route routes[] = {
    {"POST", "/v1/transactions", http_post_transactions, ROLE_ADMIN, 0},
    {"GET", "/v1/transactions", http_get_transactions, ROLE_VIEWER, 0},
    {"GET", "/v1/transactions/*/card_history", http_get_card_history, ROLE_VIEWER, 0},
    {"POST", "/v1/transactions/*/card", http_post_card, ROLE_ANALYST, ROUTE_ONE},
    {"GET", "/v1/transactions/", http_get_transaction, ROLE_VIEWER, 0},
    {"POST", "/v1/labels", http_post_labels, ROLE_ADMIN, 0},
    {"GET", "/v1/alerts", http_get_alerts, ROLE_VIEWER, 0},
    {"GET", "/v1/alerts/", http_get_alert, ROLE_VIEWER, 0},
    {"POST", "/v1/alerts/", http_post_alert, ROLE_ANALYST, ROUTE_ONE},
    {"GET", "/v1/audit", http_get_audit, ROLE_ANALYST, 0},
    {"GET", "/v1/cards/", http_get_card, ROLE_ANALYST, 0},
    {"GET", "/v1/merchants/", http_get_merchant, ROLE_VIEWER, 0},
    {"POST", "/v1/graph/neighbourhood", http_post_neighbourhood, ROLE_VIEWER, ROUTE_ONE},
    {"POST", "/v1/graph/paths", http_post_paths, ROLE_VIEWER, ROUTE_ONE},
    {"POST", "/v1/graph/ring", http_post_ring, ROLE_VIEWER, ROUTE_ONE},
    {"GET", "/v1/stats", http_get_stats, ROLE_VIEWER, 0},
    {"GET", "/v1/board", http_get_board, ROLE_VIEWER, 0},
    {"GET", "/v1/drift", http_get_drift, ROLE_VIEWER, 0},
    {"GET", "/v1/models", http_get_models, ROLE_VIEWER, 0},
    {"GET", "/v1/models/live", http_get_live, ROLE_VIEWER, 0},
    {"GET", "/v1/models/compare", http_get_comparison, ROLE_VIEWER, 0},
    {"GET", "/v1/models/*/*", http_get_model, ROLE_VIEWER, 0},
    {"DELETE", "/v1/models/*/*", http_delete_model, ROLE_ADMIN, 0},
    {"GET", "/v1/models/*/*/files/*", http_get_model_file, ROLE_VIEWER, 0},
    {"POST", "/v1/models/*/*/promote", http_post_promotion, ROLE_ADMIN, ROUTE_ONE},
    {"POST", "/v1/models/*/rollback", http_post_rollback, ROLE_ADMIN, ROUTE_ONE},
    {"GET", "/v1/pipelines", http_get_pipelines, ROLE_VIEWER, 0},
    {"POST", "/v1/pipelines/*/run", http_post_run, ROLE_ADMIN, ROUTE_ONE},
    {"GET", "/v1/pipelines/runs", http_get_runs, ROLE_VIEWER, 0},
    {"GET", "/v1/pipelines/runs/*", http_get_run, ROLE_VIEWER, 0},
    {"GET", "/v1/pipelines/runs/*/steps/*/log", http_get_step_log, ROLE_VIEWER, 0},
    {"POST", "/v1/pipelines/runs/*/cancel", http_post_cancel, ROLE_ADMIN, ROUTE_ONE},
    {"POST", "/v1/pipelines/runs/*/resume", http_post_resume, ROLE_ADMIN, ROUTE_ONE},
    {"GET", "/v1/session", http_get_session, ROLE_NONE, ROUTE_OPEN},
    {"POST", "/v1/session", http_post_session, ROLE_NONE, ROUTE_OPEN | ROUTE_ONE},
    {"DELETE", "/v1/session", http_delete_session, ROLE_NONE, ROUTE_OPEN},
    {"GET", "/v1/people", http_get_people, ROLE_ANALYST, 0},
    {"GET", "/v1/config", http_get_config, ROLE_ADMIN, 0},
    {"GET", "/v1/stream", http_get_stream, ROLE_VIEWER, ROUTE_UNATTENDED},
    {"GET", "/metrics", http_get_metrics, ROLE_VIEWER, 0},
    {"GET", "/healthz", http_get_healthz, ROLE_NONE, ROUTE_OPEN},
    {"GET", "/readyz", http_get_readyz, ROLE_NONE, ROUTE_OPEN},
    {"GET", "/openapi.json", http_get_openapi, ROLE_NONE, ROUTE_OPEN},
};

static const Route page_route = {"GET", "/", http_get_page, ROLE_NONE, ROUTE_OPEN};

static bool path_matches(const char *path, const char *url) {
    char last = '\0';
    for (; *path; last = *path++) {
        const size_t part = *path == '*' ? strcspn(url, "/") : *path == *url;
        if (part == 0) return false;
        url += part;
    }
    return last == '/' ? *url != '\0' : *url == '\0';
}

/* Where the subject begins; 0 for a path without one. */
size_t http_subject_at(const char *path) {
    const char *star = strchr(path, '*');
    if (star) return (size_t)(star - path);
    return g_str_has_suffix(path, "/") ? strlen(path) : 0;
}

/* The route of a request; else NULL and `allow` says which methods the path has, if any. */
const Route *http_find_route(const char *method, const char *url, char allow[32]) {
    Str body;
    const char *content_type;
    allow[0] = '\0';
    if (strcmp(method, "HEAD") == 0) method = "GET";
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        if (!path_matches(routes[i].path, url)) continue;
        if (strcmp(routes[i].method, method) == 0) return &routes[i];
        if (*allow) g_strlcat(allow, ", ", 32);
        g_strlcat(allow, routes[i].method, 32);
    }
    if (*allow || !page_find(url, &body, &content_type)) return NULL;
    if (strcmp(method, "GET") == 0) return &page_route;
    g_strlcpy(allow, "GET", 32);
    return NULL;
}

const Route *http_page_route(void) {
    return &page_route;
}
