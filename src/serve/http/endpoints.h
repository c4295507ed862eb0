/* What answers the requests: a Handler each (routes.h), by the files that they are in. */
#pragma once

#include "serve/http/routes.h"

/* transactions.c */
Handler http_post_transactions, http_get_transactions, http_get_transaction, http_post_labels,
    http_get_card, http_get_merchant, http_post_neighbourhood, http_post_paths, http_post_ring;

/* models.c */
Handler http_get_models, http_get_live, http_get_comparison, http_get_model, http_delete_model,
    http_get_model_file, http_post_promotion, http_post_rollback;

/* desk.c */
Handler http_get_card_history, http_post_card, http_get_alerts, http_get_alert, http_post_alert,
    http_get_audit;

/* pipelines.c */
Handler http_get_pipelines, http_post_run, http_get_runs, http_get_run, http_get_step_log,
    http_post_cancel, http_post_resume;

/* service.c */
Handler http_get_stats, http_get_board, http_get_drift, http_get_config, http_get_stream,
    http_get_metrics, http_get_healthz, http_get_readyz, http_get_openapi, http_get_page;

/* sessions.c */
Handler http_get_session, http_post_session, http_delete_session, http_get_people;
