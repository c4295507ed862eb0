#include "serve/reply.h"

#include "serve/shape.h"

GString *reply_body(Reply *reply) {
    if (!reply->body) reply->body = g_string_sized_new(512);
    return reply->body;
}

void reply_finish(Reply *reply, unsigned status, const char *content_type) {
    reply->status = status;
    reply->content_type = content_type;
}

void reply_problem(Reply *reply, unsigned status, const char *detail) {
    g_string_truncate(reply_body(reply), 0);
    shape_problem(reply->body, status, detail);
    reply_finish(reply, status, PROBLEM_TYPE);
}
