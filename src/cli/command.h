/* A command of the haechi program: one file each in cli/, one line each in main.c. */
#pragma once

enum { EXIT_USAGE = 2 };

typedef struct Command {
    const char *name;    /* "train xgboost": one or two words */
    const char *summary; /* one line for the list */
    int (*run)(int argc,
               char **argv); /* argv[0] is the last word of the name; returns the exit status */
} Command;

int cmd_audit_list(int argc, char **argv);
int cmd_audit_verify(int argc, char **argv);
int cmd_data_check(int argc, char **argv);
int cmd_data_download(int argc, char **argv);
int cmd_data_generate(int argc, char **argv);
int cmd_graph_card(int argc, char **argv);
int cmd_graph_load(int argc, char **argv);
int cmd_graph_query(int argc, char **argv);
int cmd_graph_merchant(int argc, char **argv);
int cmd_graph_paths(int argc, char **argv);
int cmd_graph_ring(int argc, char **argv);
int cmd_features(int argc, char **argv);
int cmd_models_compare(int argc, char **argv);
int cmd_models_delete(int argc, char **argv);
int cmd_models_list(int argc, char **argv);
int cmd_models_promote(int argc, char **argv);
int cmd_models_rollback(int argc, char **argv);
int cmd_models_show(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_mlflow_alias(int argc, char **argv);
int cmd_mlflow_send(int argc, char **argv);
int cmd_pipeline_cancel(int argc, char **argv);
int cmd_pipeline_list(int argc, char **argv);
int cmd_pipeline_logs(int argc, char **argv);
int cmd_pipeline_resume(int argc, char **argv);
int cmd_pipeline_run(int argc, char **argv);
int cmd_pipeline_schedule(int argc, char **argv);
int cmd_pipeline_status(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_train_catboost(int argc, char **argv);
int cmd_train_gcn(int argc, char **argv);
int cmd_train_ensemble(int argc, char **argv);
int cmd_train_xgboost(int argc, char **argv);
int cmd_stream(int argc, char **argv);
