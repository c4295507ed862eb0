/* The analysts' desk: alerts, their cases, the audit trail. */
#include "serve/http/endpoints.h"

typedef struct Parameters {
    DeskCall *call;
    const char *wrong;
} Parameters;

static enum MHD_Result take_parameter(void *data, enum MHD_ValueKind kind, const char *name,
                                      size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    Parameters *parameters = data;
    parameters->wrong = desk_call_set(parameters->call, (Str){name, name_len},
                                      value ? (Str){value, value_len} : STR(""));
    return parameters->wrong ? MHD_NO : MHD_YES;
}

/* Of a path that goes on behind the transaction's number, that number alone. */
static enum MHD_Result submit_desk(Request *request, DeskTask task, bool goes_on) {
    const CaseBy by = http_asker(request);
    const char *subject = request->subject;
    g_autofree char *trans_num =
        goes_on ? g_strndup(subject, strcspn(subject, "/")) : g_strdup(subject);
    request->desk = desk_call_new(task, trans_num, by.name, by.role);
    Parameters parameters = {.call = request->desk};
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, take_parameter,
                                &parameters);
    const char *wrong = parameters.wrong ? parameters.wrong : desk_call_check(request->desk);
    if (wrong) return http_send_problem(request, 400, wrong);
    request->job.desk = request->desk;
    if (task == DESK_CHANGE || task == DESK_CARD) {
        unsigned status;
        const Str body = {request->body, request->length};
        wrong = task == DESK_CHANGE
                    ? case_edit_read(request->http->parser, body, &request->desk->edit, &status)
                    : empty_object_read(request->http->parser, body, &status);
        if (wrong) return http_send_problem(request, status, wrong);
    }
    return http_submit_to(request, desk_worker(request->http->options.desk), DESK_QUEUE_MAX,
                          JOB_DESK);
}

enum MHD_Result http_get_alerts(Request *request) {
    return submit_desk(request, DESK_LIST, false);
}

enum MHD_Result http_get_alert(Request *request) {
    return submit_desk(request, DESK_SHOW, false);
}

enum MHD_Result http_post_alert(Request *request) {
    return submit_desk(request, DESK_CHANGE, false);
}

enum MHD_Result http_post_card(Request *request) {
    return submit_desk(request, DESK_CARD, true);
}

enum MHD_Result http_get_card_history(Request *request) {
    return submit_desk(request, DESK_CARD_HISTORY, true);
}

enum MHD_Result http_get_audit(Request *request) {
    return submit_desk(request, DESK_AUDIT, false);
}
